/// The place of a value in the text. The marks of the values inside it follow; in an object, keys and values alternate.
struct JSONMark: Sendable {
    enum Kind: UInt8, Sendable {
        case object, array
        /// Printable ASCII without escapes.
        case string
        /// Any other string. It is not checked yet and may be invalid.
        case uncheckedString
        /// Bytes that can occur in a number. They are not checked yet and may be invalid.
        case number
        case `true`, `false`, null
        /// An object or a list that is nested too deeply.
        case tooDeep
    }

    let kind: Kind
    private let from: UInt32
    private var to: UInt32 = 0
    private var after: UInt32 = 0

    init(_ kind: Kind, from start: Int) {
        self.kind = kind
        from = UInt32(truncatingIfNeeded: start)
    }

    mutating func end(at end: Int, next: Int) {
        to = UInt32(truncatingIfNeeded: end)
        after = UInt32(truncatingIfNeeded: next)
    }

    /// The range of its bytes, without quotes.
    var range: Range<Int> { Int(from)..<Int(to) }

    /// The index of the first mark after the whole value.
    var next: Int { Int(after) }
}
