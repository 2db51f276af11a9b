import Testing

@testable import benchmark

struct PlotTests {
    @Test func `text is escaped`() throws {
        #expect(SVG.escape("a < b & \"c\" > d") == "a &lt; b &amp; &quot;c&quot; &gt; d")
        let plot = try #require(Plot.latency([LatencyDistribution(id: "a", title: "<&>", latencies: [0.001, 0.002])]))
        #expect(plot.svg.contains("&lt;&amp;&gt;") && !plot.svg.contains("<&>"))
    }

    @Test func `a logarithmic axis goes from one round number to another`() {
        let axis = Axis.logarithmic("", [0.0015, 0.04, 0, -1, .infinity], label: { "\($0)" })
        #expect(axis.ticks.map(\.value) == [0.001, 0.002, 0.005, 0.01, 0.02, 0.05])
        #expect(axis.place(0.001) == 0 && axis.place(0.05) == 1)
        let decades = Axis.logarithmic("", [1, 10_000], label: { "\($0)" })
        #expect(decades.ticks.map(\.value) == [1, 10, 100, 1_000, 10_000])
        #expect(abs(decades.place(100) - 0.5) < 1e-9)
    }

    @Test(arguments: [[5.0], [1, 1], []])
    func `an axis of one value has some length`(values: [Double]) {
        let axis = Axis.logarithmic("", values, label: { "\($0)" })
        #expect(axis.ticks.count > 1 && values.allSatisfy { (0...1).contains(axis.place($0)) })
        let linear = Axis.linear("", values, unit: 1, label: { "\($0)" })
        #expect(linear.ticks.count > 1 && values.allSatisfy { (0...1).contains(linear.place($0)) })
    }

    @Test func `a linear axis has round steps of its unit, from 0`() {
        let axis = Axis.linear("", [41 * 1_048_576], unit: 1_048_576, label: { Amount.text($0, .bytes) })
        #expect(axis.ticks.map(\.label) == ["0 B", "10 MiB", "20 MiB", "30 MiB", "40 MiB", "50 MiB"])
        #expect(axis.place(0) == 0)
    }

    @Test func `there is no picture of nothing`() {
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

    @Test func `times have the server's own limit beside them`() throws {
        let plot = try #require(
            Plot.targets(times("rotation.all", reference: 0.5) + times("start.warm", reference: nil)))
        #expect(plot.series.map(\.isDashed) == [false, false, true])
        #expect(plot.series.last?.points.map(\.y) == [0.5, 5, 50])
        #expect(try #require(Plot.targets(times("start.warm", reference: nil))).series.map(\.isDashed) == [false])
    }
}
