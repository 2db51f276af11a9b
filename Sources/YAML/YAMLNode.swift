/// A node of a YAML document, with its place in the file.
package struct YAMLNode: Sendable, Equatable {
    package enum Kind: Sendable, Equatable {
        /// The entries in the order of the file, with unique names.
        case mapping([Pair])
        case sequence([YAMLNode])
        /// The text without quotes and escapes. Plain text may be a number, a boolean or null; see `scalar`.
        case scalar(String, isPlain: Bool)
    }

    /// One entry of a mapping.
    package struct Pair: Sendable, Equatable {
        package var key: YAMLNode
        /// The key in JSON: `1`, `true` and `0x10` become the names `1`, `true` and `16`.
        package var name: String
        package var value: YAMLNode
    }

    package var kind: Kind
    /// The full tag, such as `tag:yaml.org,2002:str` for `!!str`; nil if the file has none.
    package var tag: String?
    /// Starts at 1.
    package var line: Int
    /// In characters, starting at 1.
    package var column: Int
    /// Whether it is a block literal (`|`): the text starts on the next line, and keeps its line breaks.
    package var isLiteral = false

    /// The value of an entry; nil if there is none or the node is not a mapping.
    package subscript(name: String) -> YAMLNode? { pair(name)?.value }

    /// An element of a sequence; nil if there is none or the node is not a sequence.
    package subscript(index: Int) -> YAMLNode? {
        guard case .sequence(let elements) = kind, elements.indices.contains(index) else { return nil }
        return elements[index]
    }

    /// The text of a scalar that is a string; nil for numbers, booleans, null, mappings and sequences.
    package var string: String? {
        if case .string(let text) = scalar { text } else { nil }
    }

    private func pair(_ name: String) -> Pair? {
        guard case .mapping(let pairs) = kind else { return nil }
        return pairs.first { $0.name == name }
    }
}

/// One step of a path into a document, such as `["spec", "secrets", 0, "from"]`.
package enum PathKey: Sendable, Equatable, ExpressibleByStringLiteral, ExpressibleByIntegerLiteral {
    case key(String)
    case index(Int)

    package init(stringLiteral value: String) { self = .key(value) }
    package init(integerLiteral value: Int) { self = .index(value) }
}

extension YAMLNode {
    /// The line of `path`: for an entry of a mapping the line of its key, for a sequence the line of the element. If
    /// the path does not exist, the line of the last step that does, so that a missing field has the line of its
    /// parent.
    package func line(of path: [PathKey]) -> Int {
        var node = self
        var line = self.line
        for step in path {
            switch step {
            case .key(let name):
                guard let pair = node.pair(name) else { return line }
                (node, line) = (pair.value, pair.key.line)
            case .index(let index):
                guard let element = node[index] else { return line }
                (node, line) = (element, element.line)
            }
        }
        return line
    }
}
