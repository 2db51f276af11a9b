/// Why a YAML text cannot be used, and where. Says nothing of the text's content: that may be a secret.
package struct YAMLError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Problem: Sendable, Equatable {
        /// libyaml's own words, always constants of the library.
        case syntax(String)
        /// A mapping names one key twice; `firstLine` is where it did first.
        case duplicateKey(firstLine: Int)
        /// A mapping's key that is itself a mapping, a sequence or null: JSON has no such key.
        case unusableKey
        /// An alias to an anchor that the document does not define before it.
        case unknownAlias
        /// The value of a merge key (`<<`) that is no mapping.
        case unusableMerge
        /// A scalar that is not what its tag (`!!int`, `!!bool`) says, or that JSON cannot hold (`.nan`, `.inf`).
        case unusableScalar
        /// Nested deeper than `limit`.
        case tooDeep(limit: Int)
        /// More than `limit` nodes, or bytes of text, after its aliases are expanded.
        case tooLarge(limit: Int)
        /// libyaml could not write; its own words.
        case emitter(String)
    }

    package var problem: Problem
    /// Counted from 1; 0 when there is no place to point at.
    package var line: Int
    /// Counted from 1; 0 when there is no place to point at.
    package var column: Int

    package init(_ problem: Problem, line: Int, column: Int) {
        self.problem = problem
        self.line = line
        self.column = column
    }

    package var description: String { line > 0 ? "line \(line), column \(column): \(reason)" : reason }

    /// The problem without its place.
    package var reason: String {
        switch problem {
        case .syntax(let text): text
        case .duplicateKey(let firstLine): "the key is there already, on line \(firstLine)"
        case .unusableKey: "a key must be a string, a number or a boolean"
        case .unknownAlias: "the alias has no anchor before it"
        case .unusableMerge: "the value of a merge key must be a mapping or a sequence of mappings"
        case .unusableScalar: "the value is not what its tag says, or no number that JSON can hold"
        case .tooDeep(let limit): "nested deeper than \(limit)"
        case .tooLarge(let limit): "larger than \(limit) when its aliases are expanded"
        case .emitter(let text): "cannot be written as YAML: \(text)"
        }
    }
}
