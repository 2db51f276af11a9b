/// A histogram of durations, in seconds.
package struct Histogram: Sendable, Equatable {
    /// The upper bounds of the buckets, ascending. Larger values are counted in `count` only.
    package let bounds: [Double]
    /// For each bound, the number of values that are at most that bound and larger than the previous one.
    package private(set) var counts: [Int]
    package private(set) var count = 0
    /// The sum of all values, in seconds.
    package private(set) var sum = 0.0

    package init(bounds: [Double]) {
        self.bounds = bounds
        counts = bounds.map { _ in 0 }
    }

    package mutating func observe(_ duration: Duration) {
        let seconds = max(0, duration / .seconds(1))
        if let index = bounds.firstIndex(where: { seconds <= $0 }) { counts[index] += 1 }
        count += 1
        sum += seconds
    }
}
