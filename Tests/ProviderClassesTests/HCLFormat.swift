/// The rules of `terraform fmt` that the exported files touch. Returns the first line that breaks one, or nil.
enum HCLFormat {
    static func fault(_ text: String) -> String? {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { String($0) }
        guard lines.last == "" else { return "no line break at the end" }
        var depth = 0
        var heredocEnd: String?
        var run: [(name: Int, equals: Int, line: String)] = []
        var previous = ""
        for line in lines.dropLast() {
            if line.last == " " || line.contains("\t") { return line }
            if let end = heredocEnd {
                if line.trimmingSpaces == end { heredocEnd = nil }
                continue
            }
            if line.isEmpty {
                if previous.isEmpty { return "two empty lines" }
            } else {
                let closes = line.trimmingSpaces.first.map { "}]".contains($0) } ?? false
                if closes { depth -= 1 }
                guard line.prefix(while: { $0 == " " }).count == depth * 2 else { return line }
                if "{[".contains(line.last ?? " ") { depth += 1 }
            }
            let (name, equals) = assignment(line)
            let opensList = line.hasSuffix("[")
            if name > 0, !opensList {
                run.append((name, equals, line))
                if line.contains("<<-") {
                    heredocEnd = String(line.suffix(3))
                    if let fault = fault(of: run) { return fault }
                    run = []
                }
            } else {
                if let fault = fault(of: run) { return fault }
                run = []
                if opensList, equals != name + 1 { return line }
            }
            previous = line
        }
        return depth == 0 ? nil : "unbalanced"
    }

    /// The columns after the name and of the `=` of an attribute; 0 for another line.
    private static func assignment(_ line: String) -> (name: Int, equals: Int) {
        guard let equals = line.firstIndex(of: "="), !line.trimmingSpaces.hasPrefix("#"), !line.hasSuffix("{"),
            line.trimmingSpaces.first != "\""
        else { return (0, 0) }
        let name = line[..<equals]
        let end = name.lastIndex { $0 != " " }.map { line.index(after: $0) } ?? equals
        return (line.distance(from: line.startIndex, to: end), line.distance(from: line.startIndex, to: equals))
    }

    private static func fault(of run: [(name: Int, equals: Int, line: String)]) -> String? {
        let column = (run.map(\.name).max() ?? 0) + 1
        return run.first { $0.equals != column || !$0.line.dropFirst($0.equals).hasPrefix("= ") }?.line
    }
}

extension String {
    fileprivate var trimmingSpaces: Substring { drop { $0 == " " } }
}
