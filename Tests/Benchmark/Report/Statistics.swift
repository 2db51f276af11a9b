import Glibc

extension Collection<Double> {
    /// The middle value, or the mean of the middle two; nil if there is none.
    var median: Double? {
        let sorted = sorted()
        guard !sorted.isEmpty else { return nil }
        let middle = sorted.count / 2
        return sorted.count.isMultiple(of: 2) ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
    }

    /// The smallest value that at least this share of all values does not exceed (nearest rank); nil if there is none.
    ///
    /// - Parameter share: 0.99 for p99.
    func percentile(_ share: Double) -> Double? {
        let sorted = sorted()
        guard !sorted.isEmpty else { return nil }
        let rank = Int((share * Double(sorted.count)).rounded(.up))
        return sorted[Swift.min(Swift.max(rank, 1), sorted.count) - 1]
    }
}
