import FoundationEssentials
import TestSupport
import Testing

@testable import benchmark

struct ReportTests {
    private func run(
        commit: String = "abc", day: Int = 21, hour: Int = 0, processor: String = "A & B <1>", _ figures: [Figure]
    ) -> Results.Run {
        let machine = Machine(
            processor: processor, cores: 2, memory: 8 << 30, system: "Debian", kernel: "6.1",
            servers: "kube-apiserver v1, etcd 3", compiler: "Swift 6.3.1")
        return Results.Run(
            origin: Origin(machine: machine, commit: commit, startedAt: "2026-11-\(day)T0\(hour):00:00Z"),
            figures: figures,
            distributions: [LatencyDistribution(id: "latency", title: "a < b", latencies: [0.0020000001, 0.001])])
    }

    private func results(isQuick: Bool = false, _ figures: [Figure]) -> Results {
        var results = Results(isQuick: isQuick)
        results.add(run(figures))
        return results
    }

    private func memory(_ count: Int, mebibytes: Double, atMost limit: Double? = nil) -> Figure {
        Figure(
            "memory.anonymous", "anonymous | resident", distributions: count, unit: .bytes,
            runs: [.init(value: mebibytes * 1_048_576)], bar: limit.map { .atMost($0 * 1_048_576) })
    }

    @Test func `the page shows which bars are met`() {
        let page = Page(
            results: results([memory(100, mebibytes: 5, atMost: 6), memory(1_000, mebibytes: 11, atMost: 10)])
        )
        .text
        #expect(page.contains("**1 of the 2 figures that have a bar meet it**"))
        #expect(page.contains("| anonymous \\| resident | 100 | 5 MiB | at most 6 MiB | met |"))
        #expect(page.contains("| anonymous \\| resident | 1,000 | 11 MiB | at most 10 MiB | **missed** |"))
        #expect(page.contains("## What misses its bar\n\n- **anonymous | resident** (at 1,000): "))
        #expect(page.contains("| distributions | 100 | 1,000 |"))
    }

    @Test func `the page shows how figures scale`() {
        func figures(_ name: String, _ values: (Double, Double)) -> [Figure] {
            [(100, values.0), (10_000, values.1)].map {
                Figure("new.\(name)", name, distributions: $0, unit: .count, runs: [.init(value: $1)])
            }
        }
        let all = figures("slow", (1, 101.5)) + figures("good", (1, 100)) + figures("seldom", (0, 1))
        let page = Page(results: results(all)).text
        #expect(
            page.contains(
                "Of all figures, 2 can be compared between few and many distributions: 1 [scale](#scaling) as expected."
                    + " 1 more are 0 with few."))
        #expect(page.contains("×102 | **worse than linear** |") && page.contains("×100 | linear or better |"))
        #expect(page.contains("| from 0 | 0 at few: unknown |"))
    }

    @Test func `figures of different programs are not compared with each other`() {
        var results = Results(isQuick: false)
        results.add(run(commit: "old", day: 20, [memory(10_000, mebibytes: 9_000)]))
        results.add(run(commit: "new", day: 22, [memory(100, mebibytes: 5)]))
        #expect(!Page(results: results).text.contains("## Scaling"))
        results.add(run(commit: "new", day: 22, hour: 9, [memory(1_000, mebibytes: 10)]))
        #expect(Page(results: results).text.contains("| 5 MiB at 100 | 10 MiB at 1,000 | ×2 | linear or better |"))
    }

    @Test func `the page gives no reasons if all bars are met`() {
        let page = Page(results: results([memory(100, mebibytes: 6, atMost: 6)])).text
        #expect(
            page.contains("**All 1 figures that have a bar meet it.** Not measured: Against an agent on client-go, "))
        #expect(!page.contains("misses-its-bar") && !page.contains("misses its bar"))
    }

    @Test func `a quick run is not judged`() {
        let page = Page(
            results: results(isQuick: true, [memory(100, mebibytes: 50, atMost: 6), memory(1_000, mebibytes: 9_999)])
        )
        .text
        #expect(page.contains("**Not judged.**"))
        #expect(page.contains("| 50 MiB | at most 6 MiB | not judged |"))
        #expect(!page.contains("met |") && !page.contains("missed") && !page.contains("misses its bar"))
        #expect(!page.contains("worse than linear"))
    }

    @Test func `each note is shown once, and figures of an unknown section get a section`() {
        let figures = [1, 10].map {
            Figure("new.thing", "a thing", distributions: $0, unit: .count, runs: [.init(value: 1)], note: "By hand.")
        }
        let page = Page(results: results(figures)).text
        #expect(page.contains("## New\n\n| distributions | 1 | 10 |"))
        #expect(page.split(separator: "\n").count { $0 == "- A thing: By hand." } == 1)
    }

    @Test func `written results can be read and rendered again, to the microsecond`() async throws {
        let folder = try TemporaryDirectory()
        let report = Report(results: results([memory(100, mebibytes: 5), memory(1_000, mebibytes: 9)]))
        try await report.write(to: folder("docs"))
        let written = try await report.files()
        #expect(
            written.keys.sorted()
                == ["benchmarks.md", "benchmarks/latency.svg", "benchmarks/memory.svg", "benchmarks/results.json"])
        for path in ["docs", "docs/benchmarks", "docs/benchmarks/results.json"] {
            let again = try Report.read(folder(path))
            #expect(again.results.distributions.first?.latencies == [0.002, 0.001])
            #expect(try await again.files() == written)
        }
        let json = try #require(written["benchmarks/results.json"])
        #expect(json.hasPrefix("{\n  \"isQuick\" : false,\n"))
        #expect(json.contains("0.002,") && !json.contains("0.0020000001"))
    }

    @Test func `a run replaces figures with the same id and number, and keeps all others`() throws {
        var results = Results(isQuick: false)
        results.add(run(commit: "old", day: 20, [memory(100, mebibytes: 7), memory(1_000, mebibytes: 8)]))
        results.add(run(commit: "new", day: 21, [memory(1_000, mebibytes: 9), memory(10_000, mebibytes: 9)]))
        #expect(results.runs.map { $0.figures.map(\.distributions) } == [[100], [1_000, 10_000]])
        #expect(results.distributions.count == 1)
        // Of one run, several scenarios are added one after another.
        results.add(run(commit: "new", day: 21, [memory(100, mebibytes: 9)]))
        #expect(results.runs.map(\.origin.commit) == ["new"])
        #expect(results.figures.map(\.distributions) == [1_000, 10_000, 100])
    }

    @Test func `the page names the runs of each section if there are several`() {
        var results = Results(isQuick: false)
        let start = Figure("start.cold", "cold", distributions: 100, unit: .seconds, runs: [.init(value: 1)])
        results.add(run(commit: "old", day: 20, processor: "C", [memory(100, mebibytes: 7), start]))
        results.add(run(commit: "new", day: 22, [memory(1_000, mebibytes: 5)]))
        // Another run on the same day.
        results.add(run(commit: "new", day: 22, hour: 9, [memory(10_000, mebibytes: 5)]))
        let page = Page(results: results).text
        #expect(page.contains("| measured | old, 2026-11-20 | new, 2026-11-22 |"))
        #expect(page.contains("| processor | C, 2 cores | A & B <1>, 2 cores |"))
        #expect(
            page.contains(
                "Measured: old, 2026-11-20 (at 100); new, 2026-11-22 (at 1,000, 10,000).\n\n"
                    + "| distributions | 100 | 1,000 | 10,000 |"))
        #expect(page.contains("Measured: old, 2026-11-20 (at 100).\n\n| distributions | 100 |"))
        #expect(!Page(results: self.results([start])).text.contains("Measured:"))
        // Two working trees with changes are not the same program.
        var dirty = Results(isQuick: false)
        dirty.add(run(commit: "new-dirty", hour: 1, [start]))
        dirty.add(run(commit: "new-dirty", hour: 2, [memory(100, mebibytes: 5)]))
        #expect(Page(results: dirty).text.contains("| measured | new-dirty, 2026-11-21 | new-dirty, 2026-11-21 |"))
    }

    @Test func `the page is in the order of its sections`() throws {
        let start = Figure("start.cold", "cold", unit: .seconds, runs: [.init(value: 1)], bar: .atMost(2))
        let page = Page(results: results([memory(100, mebibytes: 5, atMost: 6), start])).text
        #expect(
            try #require(page.firstRange(of: "| cold |")).lowerBound
                < #require(page.firstRange(of: "| anonymous")).lowerBound)
    }

    @Test func `a partial run adds to the report of a full one, not to a quick one`() async throws {
        let folder = try TemporaryDirectory()
        let docs = folder("docs")
        #expect(try Report.toAmend(in: docs).results.runs.isEmpty)
        try await Report(results: results(isQuick: true, [memory(100, mebibytes: 5)])).write(to: docs)
        #expect(try Report.toAmend(in: docs).results.runs.isEmpty)
        try await Report(results: results([memory(100, mebibytes: 5)])).write(to: docs)
        var report = try Report.toAmend(in: docs)
        report.results.add(run(commit: "new", day: 22, [memory(1_000, mebibytes: 9)]))
        try await report.write(to: docs)
        #expect(try Report.read(docs).results.figures.map(\.distributions) == [100, 1_000])
        let file = "\(docs)/benchmarks/results.json"
        try writeFile(file, "{")
        let failure = #expect(throws: Report.Failure.self) { try Report.toAmend(in: docs) }
        #expect(failure?.description.hasPrefix("\(file) cannot be read: ") == true)
    }

    @Test func `a quick run replaces no results of a full one`() async throws {
        let folder = try TemporaryDirectory()
        let docs = folder("docs")
        let quick = Report(results: results(isQuick: true, [memory(100, mebibytes: 5)]))
        try await Report(results: results([memory(100, mebibytes: 6)])).write(to: docs)
        let failure = await #expect(throws: Report.Failure.self) { try await quick.write(to: docs) }
        #expect(failure?.description.contains("has results of a full run") == true)
        // A quick or an unreadable report is replaced.
        try writeFile("\(docs)/benchmarks/results.json", "{")
        try await quick.write(to: docs)
        try await quick.write(to: docs)
        #expect(try Report.read(docs).results.isQuick)
    }
}
