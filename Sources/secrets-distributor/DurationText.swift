/// Parses durations in Go's format: `200ms`, `2s`, `1m30s`.
enum DurationText {
    /// Returns nil for any other text. A number without a unit is invalid, except `0`.
    static func parse(_ text: String) -> Duration? {
        guard text != "0" else { return .zero }
        var rest = text[...]
        var total = Duration.zero
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let digits = rest.prefix { ("0"..."9").contains($0) || $0 == "." }
            rest = rest.dropFirst(digits.count)
            let unit = rest.prefix { $0.isLetter || $0 == "µ" }
            rest = rest.dropFirst(unit.count)
            guard let number = Double(digits), number.isFinite, number < 1e9, let scale = units[String(unit)] else {
                return nil
            }
            total += scale * number
        }
        return total
    }

    private static let units: [String: Duration] = [
        "us": .microseconds(1), "µs": .microseconds(1), "ms": .milliseconds(1), "s": .seconds(1), "m": .seconds(60),
        "h": .seconds(3600),
    ]
}
