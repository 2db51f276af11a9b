import FoundationEssentials

/// The parts of a page of `docs/` that tests need: its fenced blocks, headings and links.
struct Markdown {
    struct Block {
        let language: String
        let text: String
        /// The line of the opening fence, from 1.
        let line: Int
    }

    /// The path relative to the repository.
    let path: String
    private(set) var blocks: [Block] = []
    /// Headings as anchors: `what-is-held-back`.
    private(set) var anchors: Set<String> = []
    /// Targets of links outside of blocks.
    private(set) var links: [String] = []

    init(_ path: String) throws {
        self.path = path
        var open: (language: String, line: Int, indent: Int, text: [Substring])?
        let text = String(decoding: try World.text(path), as: UTF8.self)
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let indent = line.prefix { $0 == " " }.count
            let content = line.dropFirst(indent)
            if let block = open {
                if content == "```" {
                    let text = block.text.map { $0 + "\n" }.joined()
                    blocks.append(Block(language: block.language, text: text, line: block.line))
                    open = nil
                } else {
                    open?.text.append(line.dropFirst(min(indent, block.indent)))
                }
            } else if content.hasPrefix("```") {
                open = (String(content.dropFirst(3)), index + 1, indent, [])
            } else {
                read(line)
            }
        }
    }

    private mutating func read(_ line: Substring) {
        if line.hasPrefix("#") {
            // As GitHub creates them: lower case, spaces as dashes, other punctuation removed.
            let title = line.drop { $0 == "#" }.drop { $0 == " " }.lowercased()
            anchors.insert(
                String(
                    title.compactMap { $0 == " " ? "-" : $0.isLetter || $0.isNumber || "-_".contains($0) ? $0 : nil }))
        }
        for match in line.matches(of: /\]\(([^)\s]+)\)/) { links.append(String(match.1)) }
    }
}
