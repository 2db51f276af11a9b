/// A node of a YAML document, and where it stands in the file.
package struct YAMLNode: Sendable, Equatable {
    package enum Kind: Sendable, Equatable {
        /// In the file's order; no two names are equal.
        case mapping([Pair])
        case sequence([YAMLNode])
        /// The text without its quotes and escapes. A plain one may be a number, a boolean or null: see `scalar`.
        case scalar(String, isPlain: Bool)
    }

    /// One entry of a mapping.
    package struct Pair: Sendable, Equatable {
        package var key: YAMLNode
        /// The key as JSON has it: `1`, `true` and `0x10` become the names `1`, `true` and `16`.
        package var name: String
        package var value: YAMLNode
    }

    package var kind: Kind
    /// The full tag, `tag:yaml.org,2002:str` for `!!str`; nil if the file gives none.
    package var tag: String?
    /// Counted from 1.
    package var line: Int
    /// Counted from 1, in characters.
    package var column: Int

    /// The value of a mapping's entry; nil if there is none or this is no mapping.
    package subscript(name: String) -> YAMLNode? { pair(name)?.value }

    /// An element of a sequence; nil if there is none or this is no sequence.
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

/// One step of a path into a document: `["spec", "secrets", 0, "from"]`.
package enum PathKey: Sendable, Equatable, ExpressibleByStringLiteral, ExpressibleByIntegerLiteral {
    case key(String)
    case index(Int)

    package init(stringLiteral value: String) { self = .key(value) }
    package init(integerLiteral value: Int) { self = .index(value) }
}

extension YAMLNode {
    /// The line to show for `path`: of the key for an entry of a mapping, of the element for a sequence. Where the path
    /// leads to nothing, the line of the last step that exists, so that a missing field points at its parent.
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
