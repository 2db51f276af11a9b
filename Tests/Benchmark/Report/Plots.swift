/// The plots of the page.
extension Plot {
    /// The plots for which there are figures.
    static func all(of results: Results) -> [Plot] {
        [latency(results.distributions), targets(results.figures), memory(results.figures)].compactMap { $0 }
    }

    /// The share of measurements that took at most a given time.
    static func latency(_ distributions: [LatencyDistribution]) -> Plot? {
        let series = distributions.compactMap { distribution -> Series? in
            let sorted = distribution.latencies.filter { $0 > 0 }.sorted()
            guard let half = sorted.percentile(0.5), let most = sorted.percentile(0.99) else { return nil }
            let title =
                "\(distribution.title): half within \(Amount.text(half, .seconds)), 99 % within "
                + Amount.text(most, .seconds)
            let points = sorted.enumerated().map { (x: $1, y: 100 * Double($0 + 1) / Double(sorted.count)) }
            return Series(title: title, points: thinned(points), dots: [(half, 50), (most, 99)])
        }
        guard !series.isEmpty else { return nil }
        return Plot(
            name: "latency", title: "Time from a change to its Secret", x: .time("latency"),
            y: Axis(title: "share that took at most this time", format: "%g %%"), series: series)
    }

    /// Enough points for a smooth line, including both ends.
    private static func thinned(_ points: [(x: Double, y: Double)]) -> [(x: Double, y: Double)] {
        let step = max(1, points.count / 300)
        return points.indices.filter { $0.isMultiple(of: step) || $0 == points.count - 1 }.map { points[$0] }
    }

    /// The labels in a plot, by the ids of figures.
    private static let times = [
        ("start.cold", "cold start"), ("rotation.all", "a rotation of all"), ("start.warm", "warm start"),
        ("rotation.one", "a rotation of one"),
    ]
    private static let memories = [
        ("memory.resident", "resident"), ("memory.peak.cold", "anonymous, peak of a cold start"),
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
                    title: "the server's own limit for the same number of writes", points: limits, dots: limits,
                    isReference: true)
            )
        }
        return Plot(
            name: "targets", title: "Time against the number of distributions", x: .distributions, y: .time("time"),
            series: series)
    }

    private static let mebibyte = 1_048_576.0

    /// Memory against the number of distributions, with the bars.
    static func memory(_ figures: [Figure]) -> Plot? {
        let series = series(of: memories, in: figures, divisor: mebibyte)
        guard !series.isEmpty else { return nil }
        let limits = figures.filter { $0.id == "memory.anonymous" }.compactMap { figure -> Limit? in
            guard case .atMost(let limit)? = figure.bar, let count = figure.distributions else { return nil }
            return Limit(at: (Double(count), limit / mebibyte), label: "at most \(Amount.text(limit, .bytes))")
        }
        return Plot(
            name: "memory", title: "Memory against the number of distributions", x: .distributions,
            y: Axis(title: "memory", format: "%g MiB"), series: series, limits: limits)
    }

    /// Series for figures with more than one number of distributions.
    private static func series(
        of names: [(id: String, title: String)], in figures: [Figure], divisor: Double = 1
    ) -> [Series] {
        names.compactMap { name in
            let points = Group(id: name.id, title: name.title, figures: figures.filter { $0.id == name.id })
                .points { figure in figure.value.map { $0 / divisor } }
            return points.count > 1 ? Series(title: name.title, points: points, dots: points) : nil
        }
    }
}
