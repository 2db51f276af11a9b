import Glibc

/// A value with a readable unit: 0.00427 seconds are "4.27 ms".
struct Amount {
    /// The value is divided by this.
    let divisor: Double
    /// " ms", " %".
    let suffix: String

    /// Chooses the most readable scale for `value`.
    init(for value: Double, _ unit: Figure.Unit) {
        let scales: [(Double, String)] =
            switch unit {
            case .seconds: [(1, " s"), (1e-3, " ms"), (1e-6, " µs")]
            case .bytes: [(1_073_741_824, " GiB"), (1_048_576, " MiB"), (1024, " KiB"), (1, " B")]
            case .bytesPerHour: [(1_048_576, " MiB/h"), (1024, " KiB/h"), (1, " B/h")]
            case .count: [(1, "")]
            case .perHour: [(1, "/h")]
            case .cores: [(0.01, " %")]
            }
        // A value that rounds to 1,000 ms is shown as 1 s.
        let fitting = scales.first { abs(value) >= $0.0 * 0.9995 }
        let one = value == 0 ? scales.first { $0.0 == 1 } : fitting
        let scale = one ?? scales[scales.count - 1]
        (divisor, suffix) = scale
    }

    func text(_ value: Double) -> String { number(value) + suffix }

    func number(_ value: Double) -> String { Self.number(value / divisor) }

    static func text(_ value: Double, _ unit: Figure.Unit) -> String { Amount(for: value, unit).text(value) }

    /// Three significant digits, but all digits of an integer part, in groups: "0.0123", "4.27", "12,345".
    static func number(_ value: Double) -> String {
        guard value.isFinite else { return "∞" }
        guard value != 0 else { return "0" }
        let digits = max(0, 2 - Int(floor(log10(abs(value)))))
        let power = pow(10, Double(min(digits, 12)))
        let rounded = (value * power).rounded() / power
        guard abs(rounded) < 1e15 else { return "\(rounded)" }
        let whole = Int(rounded.magnitude)
        var fraction = String(Int(((rounded.magnitude - Double(whole)) * power).rounded()))
        fraction = String(repeating: "0", count: max(0, min(digits, 12) - fraction.count)) + fraction
        while fraction.hasSuffix("0") { fraction.removeLast() }
        return (rounded < 0 ? "-" : "") + grouped(whole) + (fraction.isEmpty ? "" : "." + fraction)
    }

    static func grouped(_ value: Int) -> String {
        var text = ""
        for (index, digit) in String(value).reversed().enumerated() {
            if index > 0, index.isMultiple(of: 3) { text.append(",") }
            text.append(digit)
        }
        return String(text.reversed())
    }
}
