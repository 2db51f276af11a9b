import Planning

/// An explanation as a flowchart for Mermaid, which renders it in GitHub, GitLab and many editors: from file to key to
/// Secret to namespace. A Secret that is held back has a dashed border and its reason.
struct ExplanationDiagram {
    /// The maximum number of edges; Mermaid draws at most 500 (its option `maxEdges`).
    private static let mostEdges = 400

    private let explanation: Explanation
    /// The nodes of each kind, by label or key.
    private var nodes: [String: String] = [:]

    init(_ explanation: Explanation) { self.explanation = explanation }

    var lines: [String] {
        var diagram = self
        return diagram.draw()
    }

    private mutating func draw() -> [String] {
        var lines = ["flowchart LR", "  classDef held stroke-dasharray: 4 3"]
        let readers = explanation.readers.filter { !$0.keys.isEmpty }
        if readers.isEmpty { lines.append("  \(node("file \(explanation.file)", explanation.file))") }
        // Two edges for each key, and one to the namespace.
        var (edges, drawn) = (0, 0)
        for (index, reader) in readers.enumerated() {
            edges += 2 * reader.keys.count + 1
            guard edges <= Self.mostEdges else { break }
            drawn += 1
            let secret = "s\(index)"
            let label = reader.secret ?? "no Secret"
            let isHeld = reader.reason.map { $0 != .synced } ?? false
            lines.append("  \(secret)[\(Self.quoted(isHeld ? [label, reader.reason?.rawValue ?? ""] : [label]))]")
            if isHeld { lines.append("  class \(secret) held") }
            for (number, key) in reader.keys.enumerated() {
                let from = node("file \(key.from)", key.from)
                lines.append("  \(from) --> \(secret)k\(number)([\(Self.quoted([key.to]))]) --> \(secret)")
            }
            let namespace = reader.namespace ?? "*"
            lines.append("  \(secret) --> \(node("namespace \(namespace)", namespace, shape: ("[(", ")]")))")
        }
        if readers.count > drawn {
            let more = node("more", "and \(readers.count - drawn) more Secrets")
            lines.append("  \(node("file \(explanation.file)", explanation.file)) --> \(more)")
        }
        return lines
    }

    /// The name of a node; with its label the first time.
    private mutating func node(_ key: String, _ label: String, shape: (String, String) = ("[", "]")) -> String {
        if let known = nodes[key] { return known }
        let name = "n\(nodes.count)"
        nodes[key] = name
        return "\(name)\(shape.0)\(Self.quoted([label]))\(shape.1)"
    }

    /// A label of one or more lines. Everything that could mean something to Mermaid is an entity code.
    private static func quoted(_ lines: [String]) -> String {
        let texts = lines.map { line in
            line.unicodeScalars.map { scalar in
                let isPlain =
                    scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
                    || " ._/-*".unicodeScalars.contains(scalar)
                return isPlain ? String(scalar) : "#\(scalar.value);"
            }.joined()
        }
        return "\"\(texts.joined(separator: "<br/>"))\""
    }
}
