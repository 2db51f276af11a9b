/// A block of HCL, written as `terraform fmt` formats it: two spaces, and the `=` of consecutive lines aligned.
struct HCLBlock {
    enum Item {
        /// - Parameter value: an expression; a heredoc has several lines.
        case attribute(String, String)
        /// A list with one element on each line.
        case list(String, [String])
        case block(HCLBlock)
    }

    private let header: String
    private let comment: String?
    private let items: [Item]

    /// - Parameter header: such as `resource "vault_policy" "web"`.
    init(_ header: String, comment: String? = nil, _ items: [Item]) {
        (self.header, self.comment, self.items) = (header, comment, items)
    }

    var text: String { lines.map { "\($0)\n" }.joined() }

    private var lines: [String] {
        let comments = comment.map { ["# \($0)"] } ?? []
        guard !items.isEmpty else { return comments + ["\(header) {}"] }
        return comments + ["\(header) {"] + body + ["}"]
    }

    private var body: [String] {
        var lines: [String] = []
        for (index, item) in items.enumerated() {
            switch item {
            case .attribute(let name, let value):
                let padding = String(repeating: " ", count: width(around: index) - name.utf8.count)
                let text = value.split(separator: "\n", omittingEmptySubsequences: false)
                lines.append("  \(name)\(padding) = \(text[0])")
                lines += text.dropFirst().map { $0.isEmpty ? "" : "  \($0)" }
            case .list(let name, let elements):
                lines.append("  \(name) = [")
                lines += elements.map { "    \($0)," }
                lines.append("  ]")
            case .block(let block):
                if index > 0 { lines.append("") }
                lines += block.lines.map { $0.isEmpty ? "" : "  \($0)" }
            }
        }
        return lines
    }

    /// The length of the longest name among the attributes on the lines around it.
    private func width(around index: Int) -> Int {
        let isBreak = { (item: Item) in if case .attribute(_, let value) = item { value.contains("\n") } else { true } }
        let start = items[..<index].lastIndex(where: isBreak).map { $0 + 1 } ?? 0
        var longest = 0
        for item in items[start...] {
            guard case .attribute(let name, let value) = item else { break }
            longest = max(longest, name.utf8.count)
            if value.contains("\n") { break }
        }
        return longest
    }

    /// A quoted string without interpolation.
    static func quoted(_ text: String) -> String { "\"\(escaped(text, inQuotes: true))\"" }

    /// The lines as a heredoc whose indentation does not count.
    static func heredoc(_ text: String) -> String {
        let lines = escaped(text, inQuotes: false).split(separator: "\n", omittingEmptySubsequences: true)
        return "<<-EOT\n" + lines.map { "  \($0)\n" }.joined() + "EOT"
    }

    private static func escaped(_ text: String, inQuotes: Bool) -> String {
        var result = ""
        for scalar in text.replacing("${", with: "$${").replacing("%{", with: "%%{").unicodeScalars {
            switch scalar {
            case "\"" where inQuotes: result += "\\\""
            case "\\" where inQuotes: result += "\\\\"
            case "\n" where inQuotes: result += "\\n"
            case "\r" where inQuotes: result += "\\r"
            case "\t" where inQuotes: result += "\\t"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
