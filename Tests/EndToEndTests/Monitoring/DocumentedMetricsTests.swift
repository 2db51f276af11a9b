import Admin
import Agent
import Observability
import TestSupport
import Testing

@Suite("The documentation of metrics")
struct DocumentedMetricsTests {
    @Test("lists exactly the metrics of controller, requests, watches and process, with their types and labels")
    func served() async throws {
        let world = try await World()
        let client = try world.server.client(.admin)
        defer { client.shutdown() }
        let backend = Backend(client, world.settings, namespace: world.namespace, logger: .none)
        let scope = try #require(world.settings.scopes.first)
        _ = try await backend.secrets.list(scope)
        await withTaskGroup { group in
            group.addTask { await backend.secrets.watch(scope, .init(event: { _ in }, failed: { _ in })) }
            _ = await eventually { Exposition.text(backend.metrics()).contains(#"{verb="watch""#) }
            group.cancelAll()
        }
        let controller = try backend.controller(world.settings, logger: .none)
        let text = Exposition.text(await controller.metrics() + backend.metrics() + ProcessMetrics.current)
        #expect(try DocumentedMetrics().differences(from: text) == [])
        try await Promtool.check(text)
    }

    @Test("is compared in both directions, by name, type and label")
    func differences() {
        let documented = DocumentedMetrics(
            """
            | name | type | labels | meaning |
            | --- | --- | --- | --- |
            | `a_total` | counter | `verb`, `code` | text with `b_total` in it |
            | `c_seconds` | histogram | | text |
            | `d` | other | | no type |
            """)
        #expect(documented.names() == ["a_total", "c_seconds"])
        #expect(documented.sampleNames() == ["a_total", "c_seconds_bucket", "c_seconds_sum", "c_seconds_count"])
        let good = """
            # TYPE a_total counter
            a_total{verb="get",code="200"} 1
            # TYPE c_seconds histogram
            c_seconds_bucket{le="1"} 1
            c_seconds_sum 1
            """
        #expect(documented.differences(from: good) == [])
        let bad = """
            # TYPE a_total gauge
            a_total{verb="get",secret="x"} 1
            # TYPE e counter
            c_seconds_bucket{verb="get",le="1"} 1
            """
        #expect(
            documented.differences(from: bad)
                == [
                    #"a_total has the label secret, and is documented with ["code", "verb"]"#,
                    "a_total is a gauge, and documented as counter",
                    #"c_seconds_bucket has the label verb, and is documented with []"#,
                    "c_seconds is documented, and is not there", "e is a counter, and documented as nothing",
                ].sorted())
    }
}
