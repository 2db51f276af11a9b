/// `benchmarks.md`: what was measured, how, and the results.
struct Page {
    let results: Results

    /// In the order of the sections, not of measurement.
    private var figures: [Figure] {
        let all = results.figures
        let names = Section.all.map(\.name)
        return names.flatMap { name in all.filter { $0.section == name } } + all.filter { !names.contains($0.section) }
    }

    private var judgements: [Judgement] { figures.compactMap { Judgement($0) } }

    var text: String {
        var parts = [Self.introduction, verdict, bars]
        let missed = missed
        if !missed.isEmpty { parts.append("## What misses its bar\n\n" + missed.joined(separator: "\n")) }
        parts.append(method)
        parts += sections
        if let scaling { parts.append(scaling) }
        parts += [Self.again, Self.omitted]
        return parts.joined(separator: "\n\n") + "\n"
    }

    // MARK: Bars

    private var verdict: String {
        if results.isQuick {
            return """
                **Not judged.** This was a run with `--quick`: fewer distributions, shorter, and once. It shows that the benchmark
                runs; its figures are not reliable.
                """
        }
        let decided = judgements.map { $0.isMet ?? false }
        let met = decided.count { $0 }
        let missing = Section.all.filter { section in !figures.contains { $0.section == section.name } }
        let absent = missing.isEmpty ? "" : " Not measured: \(missing.map(\.heading).joined(separator: ", "))."
        let verdict =
            met == decided.count
            ? "**All \(met) figures that have a bar meet it.**\(absent)"
            : "**\(met) of the \(decided.count) figures that have a bar meet it**; the others are listed "
                + "[with the reason](#what-misses-its-bar).\(absent)"
        let outcomes = scalings.map(\.isGood)
        guard !outcomes.isEmpty else { return verdict }
        let unknown = outcomes.count { $0 == nil }
        return verdict
            + " Of all figures, \(outcomes.count - unknown) can be compared between few and many distributions: "
            + "\(outcomes.count { $0 == true }) [scale](#scaling) as expected."
            + (unknown > 0 ? " \(unknown) more are 0 with few." : "")
    }

    private var bars: String {
        var table = Table(["figure", "distributions", "measured", "bar", "outcome"])
        for group in JudgedGroup.groups(judgements) {
            guard let worst = group.worst else { continue }
            let title = worst.figure.title + (group.all.count > 1 ? ", the worst" : "")
            table.add([title, group.distributions, worst.measured, worst.wanted, outcome(worst)])
        }
        return "## Figures that have a bar\n\n\(table.text)"
    }

    private func outcome(_ judgement: Judgement) -> String {
        guard !results.isQuick, let isMet = judgement.isMet else { return "not judged" }
        return isMet ? "met" : "**missed**"
    }

    /// One item for each figure that misses its bar, for all numbers of distributions.
    private var missed: [String] {
        guard !results.isQuick else { return [] }
        return Groups(judgements.filter { $0.isMet == false }.map(\.figure)).all.map { group in
            let counts = group.figures.compactMap(\.distributions).map(Amount.grouped)
            let place = counts.isEmpty ? "" : " (at \(counts.joined(separator: ", ")))"
            guard let remark = Remarks.all[group.id] else {
                return "- **\(group.title)**\(place): the reason is unknown."
            }
            return "- **\(group.title)**\(place): \(remark.reason) To try next: \(remark.next)"
        }
    }

    // MARK: How

    /// One of those that can be compared with each other.
    private var origins: [Origin] {
        results.runs.map(\.origin).reduce(into: []) { found, origin in
            if !found.contains(where: { $0.isComparable(to: origin) }) { found.append(origin) }
        }
    }

    private var method: String {
        let origins = origins
        var table = Table([""] + origins.map { _ in "" })
        let rows: [(String, (Origin) -> String)] = [
            ("measured", \.name), ("processor", { "\($0.machine.processor), \($0.machine.cores) cores" }),
            ("memory", { Amount.text(Double($0.machine.memory), .bytes) }),
            ("system", { "\($0.machine.system), Linux \($0.machine.kernel)" }), ("API server", \.machine.servers),
            ("compiler", \.machine.compiler),
        ]
        for (name, value) in rows { table.add([name] + origins.map(value)) }
        var parts = ["## How it is measured", Self.howMeasured]
        if origins.count > 1 { parts.append("The figures are from several runs. Each section names its runs:") }
        return (parts + [table.text]).joined(separator: "\n\n")
    }

    // MARK: Sections

    private var sections: [String] {
        let groups = Groups(figures).all
        let known = Section.all.filter { section in groups.contains { $0.section == section.name } }
        let others = Groups(figures).all.map(\.section).filter { name in !known.contains { $0.name == name } }
        let unknown = others.enumerated().filter { others.firstIndex(of: $1) == $0 }
            .map { Section(name: $1, heading: $1.prefix(1).uppercased() + $1.dropFirst(), text: "") }
        let plots = Dictionary(uniqueKeysWithValues: Plot.all(of: results).map { ($0.name, $0) })
        return (known + unknown).map { section in
            var parts = ["## \(section.heading)"]
            if !section.text.isEmpty { parts.append(section.text) }
            let groups = groups.filter { $0.section == section.name }
            if let origins = origins(of: groups) { parts.append(origins) }
            parts += [sized(groups), single(groups), notes(groups)].compactMap { $0 }
            if let name = section.plot, let plot = plots[name] {
                parts.append("![\(plot.title)](benchmarks/\(name).svg)")
            }
            return parts.joined(separator: "\n\n")
        }
    }

    /// The runs that measured the figures of a section; nil if all figures of the page are from one run.
    private func origins(of groups: [Group]) -> String? {
        guard origins.count > 1 else { return nil }
        let keys = Set(groups.flatMap(\.figures).map(\.key))
        let items = origins.compactMap { origin -> String? in
            let figures = results.figures(of: origin).filter { keys.contains($0.key) }
            guard !figures.isEmpty else { return nil }
            let counts = Set(figures.compactMap(\.distributions)).sorted().map(Amount.grouped)
            return origin.name + (counts.isEmpty ? "" : " (at \(counts.joined(separator: ", ")))")
        }
        return "Measured: \(items.joined(separator: "; "))."
    }

    /// The figures that depend on the number of distributions, with a column for each number.
    private func sized(_ groups: [Group]) -> String? {
        let groups = groups.filter { $0.figures.contains { $0.distributions != nil } }
        guard !groups.isEmpty else { return nil }
        let counts = Set(groups.flatMap { $0.figures.compactMap(\.distributions) }).sorted()
        var table = Table(["distributions"] + counts.map(Amount.grouped))
        for group in groups {
            table.add([group.title] + counts.map { group.figure($0)?.text ?? "" })
            if group.figures.contains(where: { $0.reference != nil }) {
                table.add(["– its reference"] + counts.map { group.figure($0).map(reference) ?? "" })
            }
        }
        return table.text
    }

    private func single(_ groups: [Group]) -> String? {
        let figures = groups.flatMap { group in group.figures.filter { $0.distributions == nil } }
        guard !figures.isEmpty else { return nil }
        let hasReference = figures.contains { $0.reference != nil }
        var table = Table(["figure", "measured"] + (hasReference ? ["its reference"] : []))
        for figure in figures { table.add([figure.title, figure.text] + (hasReference ? [reference(figure)] : [])) }
        return table.text
    }

    private func reference(_ figure: Figure) -> String {
        guard let reference = figure.reference else { return "" }
        let ratio = figure.ratio.map { " (×\(Amount.number($0)))" } ?? ""
        return Amount.text(reference, figure.unit) + ratio
    }

    /// Each note once, for all numbers of distributions.
    private func notes(_ groups: [Group]) -> String? {
        var notes: [String] = []
        for group in groups {
            for note in group.figures.compactMap(\.note) {
                let item = "- \(group.title.prefix(1).uppercased() + group.title.dropFirst()): \(note)"
                if !notes.contains(item) { notes.append(item) }
            }
        }
        return notes.isEmpty ? nil : notes.joined(separator: "\n")
    }

    // MARK: Scaling

    /// Compares only figures of the same program on the same machine; if there are several such pairs, the newest.
    private var scalings: [Scaling] {
        Groups(figures).all.compactMap { group in
            origins.reversed().lazy.compactMap { origin in
                Scaling(results.figures(of: origin).filter { $0.id == group.id })
            }.first
        }
    }

    private var scaling: String? {
        let scalings = scalings
        guard !scalings.isEmpty else { return nil }
        var table = Table(["figure", "at few", "at many", "growth", "outcome"])
        for scaling in scalings {
            table.add([
                scaling.title,
                "\(Amount.text(scaling.few.value, scaling.unit)) at \(Amount.grouped(scaling.few.count))",
                "\(Amount.text(scaling.many.value, scaling.unit)) at \(Amount.grouped(scaling.many.count))",
                scaling.growth.map { "×\(Amount.number($0))" } ?? "from 0",
                results.isQuick ? "not judged" : scaling.outcome,
            ])
        }
        return """
            ## Scaling

            A figure that grows at most as much as the number of distributions is linear or better. A rotation of one file that
            feeds one Secret must not depend on their number: a quarter is allowed for noise.

            \(table.text)
            """
    }
}

/// A table in Markdown.
struct Table {
    private var rows: [[String]]

    init(_ heading: [String]) { rows = [heading, heading.map { _ in "---" }] }

    mutating func add(_ row: [String]) {
        rows.append(row.map { $0.replacing("|", with: "\\|").replacing("\n", with: " ") })
    }

    var text: String { rows.map { "| " + $0.joined(separator: " | ") + " |" }.joined(separator: "\n") }
}
