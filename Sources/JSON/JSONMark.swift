/// Where a value stands, and the values in it: they follow it, an object's as key and value in turns.
struct JSONMark: Sendable {
    enum Kind: UInt8, Sendable {
        case object, array
        /// Printable ASCII without escapes.
        case string
        /// Any other, which may be none: it has to be judged.
        case unjudgedString
        /// Of the bytes of a number; it may be none.
        case number
        case `true`, `false`, null
        /// An object or a list that is nested too deep.
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

    /// Of its bytes, without quotes.
    var range: Range<Int> { Int(from)..<Int(to) }

    /// The mark of what follows the whole value.
    var next: Int { Int(after) }
}
