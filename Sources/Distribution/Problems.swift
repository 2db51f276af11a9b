/// The problems of one document: the first ones in their order, and the total number.
///
/// The author of a document decides how many problems it has, so the number of kept problems is limited.
package struct Problems: Sendable, Equatable {
    /// The maximum number of kept problems. Errors replace unknown fields when it is reached.
    package static let most = 100

    private var kept: [Problem] = []
    /// The number of all problems.
    package private(set) var total = 0
    /// The number of problems that make the document unusable.
    package private(set) var errors = 0

    package init(_ problems: Problem...) {
        for problem in problems { append(problem) }
    }

    package mutating func append(_ problem: Problem) {
        total += 1
        let isError = problem.severity == .error
        if isError { errors += 1 }
        if kept.count == Self.most {
            guard isError, let last = kept.lastIndex(where: { $0.severity != .error }) else { return }
            kept.remove(at: last)
        }
        kept.append(problem)
    }

    package mutating func append(contentsOf other: Problems) {
        for problem in other.kept { append(problem) }
        total += other.total - other.kept.count
        errors += other.errors - other.kept.count { $0.severity == .error }
    }

    /// Counts `count` more unknown fields, which are not kept.
    mutating func leaveOut(_ count: Int) { total += count }
}

/// The collection of kept problems.
extension Problems: RandomAccessCollection {
    package var startIndex: Int { kept.startIndex }
    package var endIndex: Int { kept.endIndex }
    package subscript(index: Int) -> Problem { kept[index] }
}

/// The smallest of many values, without duplicates, in ascending order.
struct Smallest<Value: Comparable> {
    private let limit: Int
    private(set) var values: [Value] = []
    /// The number of values that were dropped.
    private(set) var others = 0

    init(_ limit: Int) { self.limit = limit }

    mutating func insert(_ value: Value) {
        if values.count == limit, let last = values.last, value > last {
            others += 1
            return
        }
        var (low, high) = (0, values.count)
        while low < high {
            let middle = (low + high) / 2
            if values[middle] < value { low = middle + 1 } else { high = middle }
        }
        guard low == values.count || values[low] != value else { return }
        values.insert(value, at: low)
        if values.count > limit {
            values.removeLast()
            others += 1
        }
    }
}
