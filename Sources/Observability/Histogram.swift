/// How often a time was how long: counts by upper bound, in seconds.
package struct Histogram: Sendable, Equatable {
    /// Ascending; what is larger than the last one counts in `count` alone.
    package let bounds: [Double]
    /// By bound: how many were at most that and more than the bound before.
    package private(set) var counts: [Int]
    package private(set) var count = 0
    /// Seconds.
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
