import Testing

@testable import benchmark

struct PlotTests {
    private func plot(title: String = "Title", limits: [Plot.Limit] = []) -> Plot {
        Plot(
            name: "name", title: title, x: .distributions, y: .init(title: "memory", format: "%g MiB"),
            series: [
                .init(title: "it's", points: [(1, 2), (10, 3.5)], dots: [(10, 3.5)]),
                .init(title: "reference", points: [(1, 1)], dots: [], isReference: true),
            ], limits: limits)
    }

    @Test func `the script contains the data, and one line and one set of dots for each series`() {
        let script = plot().script
        #expect(script.contains("set logscale x\n") && script.contains("set yrange [0:*]\n"))
        #expect(script.contains("$line0 << END\n1.0 2.0\n10.0 3.5\nEND\n$dots0 << END\n10.0 3.5\nEND\n"))
        #expect(
            script.hasSuffix(
                """
                plot $line0 with lines linewidth 2 linecolor rgb '#0550ae' title 'it''s', \\
                  $dots0 with points pointtype 7 pointsize 0.6 linecolor rgb '#0550ae' notitle, \\
                  $line1 with lines linewidth 2 linecolor rgb '#59636e' dashtype '--' title 'reference', \\
                  $dots1 with points pointtype 7 pointsize 0.6 linecolor rgb '#59636e' notitle

                """))
    }

    @Test func `a limit is a label and a short line, within the range`() {
        let script = plot(limits: [.init(at: (100, 6), label: "at most 6 MiB")]).script
        #expect(script.contains("set yrange [0:6.0<*]\n") && script.contains("set arrow from 100.0,6.0 length"))
        #expect(script.contains("set label 'at most 6 MiB' at 100.0,6.0 right"))
    }

    @Test func `gnuplot draws the same plot each time`() async throws {
        let plot = plot(title: "It's < & > \"so\" \\n `date`", limits: [.init(at: (10, 4), label: "at most 4")])
        let svg = try await Gnuplot().draw(plot.script)
        #expect(svg.hasPrefix("<?xml") && svg.hasSuffix("</svg>\n\n"))
        for text in [
            "<title>name</title>", "It's &lt; &amp; > \"so\" \\n `date`</text>", "it's</text>",
            "reference</text>",
            "distributions</text>", "memory</text>", "4 MiB</text>", "at most 4</text>",
        ] {
            #expect(svg.contains(text))
        }
        #expect(try await Gnuplot().draw(plot.script) == svg)
    }

    @Test func `a wrong script and a missing program cause different errors`() async {
        let wrong = await #expect(throws: Gnuplot.Failure.self) { try await Gnuplot().draw("plot nothing\n") }
        #expect(wrong?.description.hasPrefix("gnuplot failed with status 1: ") == true)
        let missing = await #expect(throws: Gnuplot.Failure.self) { try await Gnuplot(command: "no-gnuplot").draw("") }
        #expect(missing?.description == "no-gnuplot is missing: install the package gnuplot-nox")
    }

    @Test func `there is no plot without figures`() {
        #expect(Plot.latency([]) == nil && Plot.targets([]) == nil && Plot.memory([]) == nil)
        #expect(Plot.latency([LatencyDistribution(id: "a", title: "a", latencies: [0])]) == nil)
    }

    private func times(_ id: String, reference: Double?) -> [Figure] {
        [1, 10, 100].map { count in
            Figure(
                id, id, distributions: count, unit: .seconds,
                runs: [.init(value: Double(count), reference: reference.map { $0 * Double(count) })])
        }
    }

    @Test func `times are shown with the server's own limit`() throws {
        let plot = try #require(
            Plot.targets(times("rotation.all", reference: 0.5) + times("start.warm", reference: nil)))
        #expect(plot.series.map(\.isReference) == [false, false, true])
        #expect(plot.series.last?.points.map(\.y) == [0.5, 5, 50])
        #expect(try #require(Plot.targets(times("start.warm", reference: nil))).series.map(\.isReference) == [false])
    }

    @Test func `shares of latencies are in per cent, memory in MiB`() throws {
        let latencies = LatencyDistribution(id: "a", title: "a", latencies: [0.004, 0, 0.002])
        let latency = try #require(Plot.latency([latencies]))
        #expect(
            latency.series.first?.points.map(\.y) == [50, 100]
                && latency.series.first?.points.map(\.x) == [0.002, 0.004])
        #expect(latency.series.first?.title == "a: half within 2 ms, 99 % within 4 ms")
        let memory = [1, 100].map {
            Figure(
                "memory.anonymous", "", distributions: $0, unit: .bytes, runs: [.init(value: 3 * 1_048_576)],
                bar: .atMost(6 * 1_048_576))
        }
        let plot = try #require(Plot.memory(memory))
        #expect(plot.series.first?.points.map(\.y) == [3, 3] && plot.limits.map(\.at.y) == [6, 6])
        #expect(plot.limits.first?.label == "at most 6 MiB")
    }
}
