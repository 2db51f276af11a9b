import Glibc

/// One axis of a plot: from values to places between 0 and 1.
struct Axis {
    struct Tick: Equatable {
        let value: Double
        let label: String
    }

    let title: String
    let ticks: [Tick]
    private let isLogarithmic: Bool
    private let low: Double
    private let high: Double

    /// From one round number to another that hold all `values` between them.
    ///
    /// - Parameter values: positive; others are left out.
    static func logarithmic(_ title: String, _ values: [Double], label: (Double) -> String) -> Axis {
        let values = values.filter { $0 > 0 && $0.isFinite }
        let (least, most) = (values.min() ?? 1, values.max() ?? 10)
        // Over few decades 1, 2, 5, 10 and so on.
        let factors: [Double] = most / least <= 1000 ? [1, 2, 5] : [1]
        let decades = Int(floor(log10(least)))...Int(ceil(log10(most)))
        // Written as decimals: 2 times 10 to the -3 is not 0.002.
        let steps = decades.flatMap { decade in factors.compactMap { Double("\(Int($0))e\(decade)") } }
        var low = steps.last { $0 <= least } ?? least
        var high = steps.first { $0 >= most } ?? most
        if low == high { (low, high) = (low / 2, high * 2) }
        let ticks = steps.filter { $0 >= low && $0 <= high }.map { Tick(value: $0, label: label($0)) }
        return Axis(title: title, ticks: ticks, isLogarithmic: true, low: log10(low), high: log10(high))
    }

    /// From 0 to a round number above all `values`, in about five steps.
    ///
    /// - Parameter unit: of which the steps are round numbers.
    static func linear(_ title: String, _ values: [Double], unit: Double, label: (Double) -> String) -> Axis {
        let most = max(values.max() ?? 1, unit * 1e-6) / unit
        let rough = most / 5
        let decade = pow(10, floor(log10(rough)))
        let step = ([1, 2, 5].map { $0 * decade }.first { $0 >= rough * 0.999 } ?? 10 * decade) * unit
        let count = Int((most * unit / step).rounded(.up))
        let ticks = (0...count).map { Tick(value: Double($0) * step, label: label(Double($0) * step)) }
        return Axis(title: title, ticks: ticks, isLogarithmic: false, low: 0, high: Double(count) * step)
    }

    /// 0 at the low end, 1 at the high one.
    func place(_ value: Double) -> Double {
        let value = isLogarithmic ? log10(value) : value
        return (value - low) / (high - low)
    }
}
