import JSON
import TestSupport
import Testing

@Suite("The example's dashboard")
struct DashboardTests {
    private let dashboard: JSONValue
    private let panels: [JSONValue]

    init() throws {
        dashboard = try JSONValue(json: World.text("sidecar-example/monitoring/dashboard.json"))
        panels = try #require(dashboard["panels"]?.array)
    }

    private var expressions: [String] {
        panels.flatMap { $0["targets"]?.array ?? [] }.compactMap { $0["expr"]?.string }
    }

    @Test("shows documented metrics only")
    func metrics() throws {
        #expect(expressions.count > 20)
        let known = try DocumentedMetrics().sampleNames()
        for expression in expressions {
            let names = metricNames(in: expression)
            #expect(!names.isEmpty && names.isSubset(of: known), "\(expression)")
        }
    }

    @Test("has queries that Prometheus accepts, with variables that exist")
    func expressionsAreValid() async throws {
        let variables = (dashboard["templating"]?["list"]?.array ?? []).compactMap { $0["name"]?.string }
        #expect(variables == ["datasource", "job", "instance"])
        let rules = expressions.enumerated().map { index, expression -> JSONValue in
            var plain = expression.replacing("$__rate_interval", with: "5m")
            for variable in variables { plain = plain.replacing("$\(variable)", with: "x") }
            #expect(!plain.contains("$"), "\(expression)")
            #expect(expression.contains(#"{job=~"$job", instance=~"$instance""#), "\(expression)")
            return ["record": .string("expression:\(index)"), "expr": .string(plain)]
        }
        let groups: JSONValue = ["groups": [["name": "dashboard", "rules": .array(rules)]]]
        let folder = try ScratchFolder()
        try folder.write("rules.yaml", String(decoding: groups.encoded(), as: UTF8.self))
        try await Promtool.run(["check", "rules", "rules.yaml"], in: folder)
    }

    @Test("has panels that each have an ID, a position and a data source")
    func layout() throws {
        #expect(dashboard["uid"]?.string == "secrets-distributor")
        #expect(dashboard["schemaVersion"]?.int != nil)
        let numbers = panels.compactMap { $0["id"]?.int }
        #expect(numbers.count == panels.count && Set(numbers).count == panels.count)
        var taken: Set<[Int]> = []
        for panel in panels {
            let title = try #require(panel["title"]?.string)
            let place = try #require(panel["gridPos"])
            let (x, y) = (try #require(place["x"]?.int), try #require(place["y"]?.int))
            let (width, height) = (try #require(place["w"]?.int), try #require(place["h"]?.int))
            #expect(x >= 0 && x + width <= 24, "\(title)")
            for column in x..<(x + width) {
                for line in y..<(y + height) {
                    #expect(taken.insert([column, line]).inserted, "\(title) lies over another panel")
                }
            }
            guard panel["type"]?.string != "row" else { continue }
            #expect(panel["description"]?.string?.isEmpty == false, "\(title)")
            for holder in [panel] + (panel["targets"]?.array ?? []) {
                #expect(holder["datasource"] == ["type": "prometheus", "uid": "${datasource}"], "\(title)")
            }
        }
    }

    @Test("is the file that the kustomization loads")
    func kustomization() throws {
        let generators = try World.manifest("sidecar-example/monitoring/kustomization.yaml")["configMapGenerator"]?
            .array
        #expect(generators?.first?["files"] == ["secrets-distributor.json=dashboard.json"])
    }
}
