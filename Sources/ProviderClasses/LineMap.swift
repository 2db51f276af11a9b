import YAML

/// Gives the line in the file for a line of a text that is embedded in it, such as the YAML in `spec.parameters.objects`.
struct LineMap: Sendable {
    private enum Kind {
        case shifted(by: Int)
        /// The text has no lines of its own in the file: it is quoted, folded or on one line.
        case all(Int)
    }

    private let kind: Kind

    private init(_ kind: Kind) { self.kind = kind }

    static let file = LineMap(.shifted(by: 0))

    func callAsFunction(_ line: Int) -> Int {
        switch kind {
        case .shifted(let count): line + count
        case .all(let line): line
        }
    }

    /// The lines of the text in `scalar`, a node of this text.
    func inside(_ scalar: YAMLNode) -> LineMap {
        // The text of a block literal starts on the line after its indicator.
        if case .shifted(let count) = kind, scalar.isLiteral { return LineMap(.shifted(by: count + scalar.line)) }
        return LineMap(.all(self(scalar.line)))
    }
}
