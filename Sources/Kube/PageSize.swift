/// How many objects to ask for in one page of a list, so that its bytes stay below a limit. No I/O.
package struct PageSize: Sendable, Equatable {
    /// The most objects.
    private let most: Int
    /// The most bytes.
    private let limit: Int
    package private(set) var count: Int

    package init(atMost most: Int, limit: Int) {
        self.most = most
        self.limit = limit
        count = most
    }

    /// The page was too large.
    ///
    /// - Returns: whether a smaller one can be asked for.
    package mutating func shrink() -> Bool {
        guard count > 1 else { return false }
        count /= 4
        count = max(count, 1)
        return true
    }

    /// A page has come: the next one may grow to what would take half of the limit, and fourfold at most.
    package mutating func grow(after items: Int, bytes: Int) {
        let fitting = items * (limit / 2) / max(bytes, 1)
        count = max(count, min(most, count * 4, fitting))
    }
}
