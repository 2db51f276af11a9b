/// Why a YAML text cannot be used, and where. It never quotes the text, which may contain secrets.
package struct YAMLError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Problem: Sendable, Equatable {
        /// The message of libyaml, which is always a constant of the library.
        case syntax(String)
        /// A mapping has a key twice; `firstLine` is the line of the first one.
        case duplicateKey(firstLine: Int)
        /// A key that is a mapping, a sequence or null, which JSON does not allow.
        case unusableKey
        /// An alias to an anchor that the document does not define before it.
        case unknownAlias
        /// The value of a merge key (`<<`) that is not a mapping or a sequence of mappings.
        case unusableMerge
        /// A scalar that does not match its tag (`!!int`, `!!bool`), or that JSON cannot represent (`.nan`, `.inf`).
        case unusableScalar
        /// Nested deeper than `limit`.
        case tooDeep(limit: Int)
        /// More than `limit` nodes, or more than `limit` bytes of text from aliases.
        case tooLarge(limit: Int)
        /// libyaml could not write. The text is its message.
        case emitter(String)
    }

    package var problem: Problem
    /// Starts at 1; 0 if the error has no place.
    package var line: Int
    /// Starts at 1; 0 if the error has no place.
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
        case .duplicateKey(let firstLine): "the key already exists, on line \(firstLine)"
        case .unusableKey: "a key must be a string, a number or a boolean"
        case .unknownAlias: "the alias has no anchor before it"
        case .unusableMerge: "the value of a merge key must be a mapping or a sequence of mappings"
        case .unusableScalar: "the value does not match its tag, or is a number that JSON cannot represent"
        case .tooDeep(let limit): "nested deeper than \(limit)"
        case .tooLarge(let limit): "larger than \(limit) after its aliases are expanded"
        case .emitter(let text): "cannot be written as YAML: \(text)"
        }
    }
}
