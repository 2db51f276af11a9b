import FoundationEssentials
import TestSupport
import Testing

@testable import benchmark

struct ReportTests {
    private func origin(_ commit: String) -> Origin {
        Origin(
            machine: Machine(
                processor: "A & B <1>", cores: 2, memory: 8 << 30, system: "Debian", kernel: "6.1",
                servers: "kube-apiserver v1, etcd 3", compiler: "Swift 6.3.1"), commit: commit)
    }

    private func scenario(_ name: String, commit: String = "abc", day: Int = 21, _ figures: [Figure]) -> ScenarioResults
    {
        ScenarioResults(
            name: name, origin: origin(commit), startedAt: "2026-11-\(day)T00:00:00Z", figures: figures,
            distributions: name == "latency"
                ? [LatencyDistribution(id: "latency", title: "a < b", latencies: [0.0020000001, 0.001])] : [])
    }

    /// Results of all scenarios; only the one of `figures` has any.
    private func results(isQuick: Bool = false, _ figures: [Figure]) -> Results {
        var results = Results(isQuick: isQuick)
        for section in Section.all { results.add(scenario(section.name, [])) }
        if let name = figures.first?.id.prefix(while: { $0 != "." }) { results.add(scenario(String(name), figures)) }
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

    @Test func `the page gives no reasons if all bars are met`() {
        let page = Page(results: results([memory(100, mebibytes: 6, atMost: 6)])).text
        #expect(page.contains("**All 1 figures that have a bar meet it.**") && !page.contains("misses its bar"))
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
        var results = results([memory(100, mebibytes: 5), memory(1_000, mebibytes: 9)])
        results.add(scenario("latency", []))
        let report = Report(results: results)
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

    @Test func `results of another scenario are kept, and those of the same one are replaced`() throws {
        var results = Results(isQuick: false)
        results.add(scenario("memory", commit: "old", [memory(100, mebibytes: 7), memory(1_000, mebibytes: 8)]))
        results.add(scenario("start", commit: "old", day: 21, []))
        results.add(scenario("memory", commit: "new", day: 22, [memory(100, mebibytes: 5)]))
        #expect(results.figures.map(\.distributions) == [100])
        #expect(results.scenarios.map(\.name) == ["memory", "start"])
        #expect(results.origins.map(\.origin.commit) == ["new", "old"])
    }

    @Test func `the page shows what was measured with which program`() {
        var results = Results(isQuick: false)
        results.add(scenario("memory", commit: "new", day: 22, [memory(100, mebibytes: 5)]))
        results.add(scenario("latency", commit: "old", day: 20, []))
        results.add(scenario("start", commit: "old", day: 21, []))
        let page = Page(results: results).text
        #expect(page.contains("|  | memory | latency, start |"))
        #expect(page.contains("| commit | new | old |"))
        #expect(page.contains("| measured | 2026-11-22 | 2026-11-20 to 2026-11-21 |"))
        #expect(page.contains("Measured with new on 2026-11-22."))
        #expect(page.contains(" Not measured: client-go, rotation,"))
    }

    @Test func `the page is in the order of its sections`() throws {
        var results = Results(isQuick: false)
        let start = Figure("start.cold", "cold", unit: .seconds, runs: [.init(value: 1)], bar: .atMost(2))
        results.add(scenario("memory", [memory(100, mebibytes: 5, atMost: 6)]))
        results.add(scenario("start", [start]))
        let page = Page(results: results).text
        #expect(
            try #require(page.firstRange(of: "| cold |")).lowerBound
                < #require(page.firstRange(of: "| anonymous")).lowerBound)
        #expect(!page.contains("Measured with") && !page.contains("at once"))
    }

    @Test func `a report that is there is amended, but not by a quick one`() async throws {
        let folder = try TemporaryDirectory()
        let docs = folder("docs")
        #expect(try Report.toAmend(in: docs, isQuick: false).results.scenarios.isEmpty)
        try await Report(results: results(isQuick: true, [memory(100, mebibytes: 5)])).write(to: docs)
        for isQuick in [true, false] {
            let empty = try Report.toAmend(in: docs, isQuick: isQuick).results
            #expect(empty.scenarios.isEmpty && empty.isQuick == isQuick)
        }
        try await Report(results: results([memory(100, mebibytes: 5)])).write(to: docs)
        #expect(try Report.toAmend(in: docs, isQuick: false).results.figures.map(\.id) == ["memory.anonymous"])
        let failure = #expect(throws: Report.Failure.self) { try Report.toAmend(in: docs, isQuick: true) }
        #expect(failure?.description.contains("has results of a full run") == true)
        try writeFile("\(docs)/benchmarks/results.json", "{")
        let unreadable = #expect(throws: Report.Failure.self) { try Report.toAmend(in: docs, isQuick: false) }
        #expect(unreadable?.description.hasPrefix("\(docs)/benchmarks/results.json cannot be read: ") == true)
    }
}
