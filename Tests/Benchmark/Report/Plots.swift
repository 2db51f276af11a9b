/// The pictures of the page.
extension Plot {
    /// By file name, those that there are figures for.
    static func all(of results: Results) -> [(name: String, plot: Plot)] {
        [
            ("latency", latency(results.distributions)), ("targets", targets(results.figures)),
            ("memory", memory(results.figures)),
        ].compactMap { name, plot in plot.map { (name, $0) } }
    }

    /// Which share of all took at most how long.
    static func latency(_ distributions: [LatencyDistribution]) -> Plot? {
        let distributions = distributions.filter { $0.latencies.contains { $0 > 0 } }
        guard !distributions.isEmpty else { return nil }
        let series = distributions.enumerated().map { index, distribution in
            let sorted = distribution.latencies.filter { $0 > 0 }.sorted()
            let count = Double(sorted.count)
            let points = sorted.enumerated().map { (x: $1, y: Double($0 + 1) / count) }
            let (half, most) = (sorted.percentile(0.5) ?? 0, sorted.percentile(0.99) ?? 0)
            let title =
                "\(distribution.title): half within \(Amount.text(half, .seconds)), 99 % within "
                + Amount.text(most, .seconds)
            return Series(
                title: title, points: thinned(points), colour: SVG.Colour.series[index % SVG.Colour.series.count],
                dots: [(half, 0.5), (most, 0.99)])
        }
        return Plot(
            title: "How long a change takes to be in the Secret",
            x: .logarithmic("latency", series.flatMap { $0.points.map(\.x) }) { Amount.text($0, .seconds) },
            y: .linear("share that took at most as long", [1], unit: 1) { "\(Int(($0 * 100).rounded())) %" },
            series: series, namesOnTop: true)
    }

    /// Enough for the eye, with both ends.
    private static func thinned(_ points: [(x: Double, y: Double)]) -> [(x: Double, y: Double)] {
        let step = max(1, points.count / 300)
        return points.indices.filter { $0.isMultiple(of: step) || $0 == points.count - 1 }.map { points[$0] }
    }

    /// By the figures' ids, with their names in a picture.
    private static let times = [
        ("start.cold", "cold start"), ("rotation.all", "a rotation of all"), ("start.warm", "warm start"),
        ("rotation.one", "a rotation of one"),
    ]
    private static let memories = [
        ("memory.resident", "resident"), ("memory.peak.cold", "anonymous, the most of a cold start"),
        ("memory.anonymous", "anonymous, after a cold start"),
        ("memory.anonymous.warm", "anonymous, after a warm start"),
    ]

    /// Time against the number of distributions, with the server's own limit.
    static func targets(_ figures: [Figure]) -> Plot? {
        var series = series(of: times, in: figures)
        guard !series.isEmpty else { return nil }
        let all = Group(id: "rotation.all", title: "", figures: figures.filter { $0.id == "rotation.all" })
        let limits = all.points(\.reference)
        if limits.count > 1 {
            series.append(
                Series(
                    title: "the server's own limit for as many writes", points: limits, colour: SVG.Colour.reference,
                    isDashed: true, dots: limits))
        }
        let points = series.flatMap(\.points)
        return Plot(
            title: "Time against the number of distributions",
            x: .logarithmic("distributions", [1] + points.map(\.x), label: Amount.number),
            y: .logarithmic("time", points.map(\.y)) { Amount.text($0, .seconds) }, series: series)
    }

    /// Memory against the number of distributions, with the bars.
    static func memory(_ figures: [Figure]) -> Plot? {
        let series = series(of: memories, in: figures)
        guard !series.isEmpty else { return nil }
        let marks = figures.filter { $0.id == "memory.anonymous" }.compactMap { figure -> Mark? in
            guard case .atMost(let limit)? = figure.bar, let count = figure.distributions else { return nil }
            return Mark(at: (Double(count), limit), label: "at most \(Amount.text(limit, .bytes))")
        }
        let points = series.flatMap(\.points)
        return Plot(
            title: "Memory against the number of distributions",
            x: .logarithmic("distributions", [1] + points.map(\.x), label: Amount.number),
            y: .linear("memory", points.map(\.y) + marks.map(\.at.y), unit: 1_048_576) { Amount.text($0, .bytes) },
            series: series, marks: marks)
    }

    /// Those with figures for more than one number of distributions.
    private static func series(of names: [(id: String, title: String)], in figures: [Figure]) -> [Series] {
        names.enumerated().compactMap { index, name in
            let points = Group(id: name.id, title: name.title, figures: figures.filter { $0.id == name.id })
                .points(\.value)
            guard points.count > 1 else { return nil }
            return Series(title: name.title, points: points, colour: SVG.Colour.series[index], dots: points)
        }
    }
}
