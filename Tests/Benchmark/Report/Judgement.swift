/// A figure and its bar.
struct Judgement {
    let figure: Figure
    let bar: Figure.Bar

    /// Nil for a figure without a bar.
    init?(_ figure: Figure) {
        guard let bar = figure.bar else { return nil }
        self.figure = figure
        self.bar = bar
    }

    /// The value to compare with the bar: the median over the runs, each with the reference of its own run. Nil if the
    /// bar needs a reference that no run has.
    var judged: Double? {
        switch bar {
        // Events that must never happen must not happen in any run.
        case .atMost: figure.unit == .count ? figure.runs.map(\.value).max() : figure.value
        case .ratioAtMost: figure.ratio
        case .excessAtMost: figure.runs.compactMap { run in run.reference.map { run.value - $0 } }.median
        }
    }

    /// Nil if there is nothing to judge.
    var isMet: Bool? {
        switch bar {
        case .atMost(let limit), .ratioAtMost(let limit), .excessAtMost(let limit): judged.map { $0 <= limit }
        }
    }

    /// "1.17 of the reference", "3.2 ms above the reference".
    var measured: String {
        guard let judged else { return "nothing" }
        return switch bar {
        case .atMost: Amount.text(judged, figure.unit)
        case .ratioAtMost: "\(Amount.number(judged)) of the reference"
        case .excessAtMost:
            "\(Amount.text(judged.magnitude, figure.unit)) \(judged < 0 ? "below" : "above") the reference"
        }
    }

    var wanted: String {
        switch bar {
        case .atMost(0): "none"
        case .atMost(let limit): "at most \(Amount.text(limit, figure.unit))"
        case .ratioAtMost(let limit): "at most \(Amount.number(limit)) of it"
        case .excessAtMost(let limit): "at most \(Amount.text(limit, figure.unit)) above it"
        }
    }
}

/// Figures with one id and the same bar, for several numbers of distributions. The worst figure determines the outcome.
struct JudgedGroup {
    let all: [Judgement]

    static func groups(_ judgements: [Judgement]) -> [JudgedGroup] {
        var order: [String] = []
        var found: [String: [Judgement]] = [:]
        for judgement in judgements {
            let key = "\(judgement.figure.id) \(judgement.bar)"
            if found[key] == nil { order.append(key) }
            found[key, default: []].append(judgement)
        }
        return order.compactMap { found[$0] }.map(JudgedGroup.init)
    }

    /// A figure that cannot be judged is worse than all others.
    var worst: Judgement? { all.max { ($0.judged ?? .infinity) < ($1.judged ?? .infinity) } }

    /// "100", "1 to 10,000".
    var distributions: String {
        let counts = all.compactMap(\.figure.distributions).sorted()
        guard let least = counts.first, let most = counts.last else { return "" }
        return Amount.grouped(least) + (least == most ? "" : " to \(Amount.grouped(most))")
    }
}

extension Figure {
    /// The median over the runs; nil without runs.
    var value: Double? { runs.map(\.value).median }

    var reference: Double? { runs.compactMap(\.reference).median }

    /// The median over the runs of the value divided by its reference.
    var ratio: Double? {
        runs.compactMap { run in run.reference.flatMap { $0 > 0 ? run.value / $0 : nil } }.median
    }

    /// "4.27 ms", with the range of the runs if it is visible: "4.27 ms (4.1 to 4.6)".
    var text: String {
        guard let value, let least = runs.map(\.value).min(), let most = runs.map(\.value).max() else { return "–" }
        let amount = Amount(for: value, unit)
        let (low, high) = (amount.number(least), amount.number(most))
        return amount.text(value) + (low == high ? "" : " (\(low) to \(high))")
    }
}
