import Observability
import TestSupport
import Testing

@Suite struct ExpositionTests {
    private func sample(_ value: Double, labels: KeyValuePairs<String, String> = [:]) -> String {
        var metric = Metric(.gauge, "m", "Help.")
        metric.add(.number(value), labels)
        return Exposition.text([metric]).split(separator: "\n").last.map { String($0) } ?? ""
    }

    @Test(
        arguments: [
            (0, "0"), (-0.0, "0"), (1, "1"), (-17, "-17"), (0.1, "0.1"), (2.5, "2.5"), (1e-7, "1e-07"),
            (1_795_249_800.012345, "1795249800.012345"), (1e300, "1e+300"),
            (.infinity, "+Inf"), (-.infinity, "-Inf"), (.nan, "NaN"),
        ] as [(Double, String)])
    func `numbers have the format of Prometheus`(value: Double, text: String) {
        #expect(sample(value) == "m \(text)")
    }

    @Test(arguments: [
        ("plain", "plain"), ("", ""), ("a\"b", "a\\\"b"), ("a\\b", "a\\\\b"), ("a\nb", "a\\nb"), ("\\n", "\\\\n"),
        // Each is a single character in Swift.
        ("a\r\nb", "a\r\\nb"), ("a\"\u{301}", "a\\\"\u{301}"), ("ü→", "ü→"),
    ])
    func `a label's value cannot end its quotes or its line`(value: String, text: String) {
        #expect(Array(sample(1, labels: ["l": value]).utf8) == Array("m{l=\"\(text)\"} 1".utf8))
    }

    @Test func `help is on one line, and keeps its quotes`() {
        let text = Exposition.text([Metric(.counter, "m_total", "A \"b\"\n\\c.")])
        #expect(text == "# HELP m_total A \"b\"\\n\\\\c.\n# TYPE m_total counter\n")
    }

    @Test func `labels keep their order, and each sample has its own`() {
        var metric = Metric(.counter, "m_total", "Help.")
        metric.add(.number(1), ["verb": "get", "code": "200"])
        metric.add(.number(2), ["verb": "list", "code": "error"])
        #expect(
            Exposition.text([metric]) == """
                # HELP m_total Help.
                # TYPE m_total counter
                m_total{verb="get",code="200"} 1
                m_total{verb="list",code="error"} 2

                """)
    }

    @Test func `each bucket of a histogram counts all values up to its bound, and the last one all values`() {
        var histogram = Histogram(bounds: [0.5, 1, 2.5])
        for seconds in [0.25, 0.5, 2, 2, 8] { histogram.observe(.seconds(seconds)) }
        var metric = Metric(.histogram, "m_seconds", "Help.")
        metric.add(.histogram(histogram), ["verb": "get"])
        #expect(
            Exposition.text([metric]) == """
                # HELP m_seconds Help.
                # TYPE m_seconds histogram
                m_seconds_bucket{verb="get",le="0.5"} 2
                m_seconds_bucket{verb="get",le="1"} 2
                m_seconds_bucket{verb="get",le="2.5"} 4
                m_seconds_bucket{verb="get",le="+Inf"} 5
                m_seconds_sum{verb="get"} 12.75
                m_seconds_count{verb="get"} 5

                """)
    }

    @Test func `a negative duration counts as zero`() {
        var histogram = Histogram(bounds: [1])
        histogram.observe(.seconds(-5))
        #expect(histogram.counts == [1])
        #expect(histogram.sum == 0)
    }

    @Test func `promtool accepts every kind of family, whatever its content`() async throws {
        var histogram = Histogram(bounds: [0.005, 1, 30])
        for seconds in [0.001, 0.7, 100] { histogram.observe(.seconds(seconds)) }
        var durations = Metric(.histogram, "example_duration_seconds", "How long it took; \\ and \"quotes\".")
        durations.add(.histogram(histogram))
        durations.add(.histogram(Histogram(bounds: histogram.bounds)), ["verb": "get"])
        var requests = Metric(.counter, "example_requests_total", "What was asked.")
        for name in ["\"", "\\", "\n", "\r\n", "}", "ü", ""] { requests.add(.number(1e300), ["name": name]) }
        var ages = Metric(.gauge, "example_age_seconds", "How old it is.")
        for (index, value) in [Double.nan, .infinity, -.infinity, -0.25].enumerated() {
            ages.add(.number(value), ["index": "\(index)"])
        }
        let metrics = [
            durations, requests, ages, Metric(.gauge, "example_ready", "Whether it is ready.", 1),
            Metric(.counter, "example_none_total", "What never happened."),
        ]
        try await Promtool.check(Exposition.text(metrics))
    }

    /// The test above relies on this.
    @Test(arguments: [
        "example_total{name=\"a\"b\"} 1\n", "# HELP example_age Age.\n# TYPE example_age counter\nexample_age 1\n",
        "# HELP example_total Many.\n# TYPE example_total counter\nexample_total 1,5\n",
    ])
    func `promtool rejects invalid text`(text: String) async {
        await #expect(throws: Promtool.Failure.self) { try await Promtool.check(text) }
    }
}
