import Agent
import FoundationEssentials
import JSON
import TestSupport
import TestTraits
import Testing

/// Tests with Helm itself what the chart gives Prometheus, Grafana and the kubelet.
@Suite("The chart's monitoring", .endsIfHung)
struct HelmMonitoringTests {
    private func agent(_ rendered: RenderedManifests) throws -> JSONValue {
        try #require(try rendered.pod()["containers"]?.named("secrets-distributor"))
    }

    @Test("scrapes and probes the agent's own port")
    func endpoint() async throws {
        let rendered = try await HelmChart.render("monitoring: {podMonitor: {enabled: true, labels: {release: stack}}}")
        let agent = try agent(rendered)
        let port = try #require(agent["ports"]?.named("admin"))
        #expect(port["containerPort"]?.int == Settings().listenAddress.map { Int($0.port) })
        let example = try World.manifest("sidecar-example/deployment.yaml")["spec"]?["template"]?["spec"]
        let theirs = try #require(example?["initContainers"]?.named("secrets-distributor"))
        for probe in ["startupProbe", "livenessProbe", "readinessProbe"] {
            #expect(agent[probe] != nil && agent[probe] == theirs[probe], "\(probe)")
        }
        let monitor = try rendered.only("PodMonitor")
        #expect(monitor["metadata"]?["labels"]?["release"] == "stack")
        #expect(monitor["spec"]?["podMetricsEndpoints"]?.array?.first?["port"] == "admin")
        let labels = try rendered.only("Deployment")["spec"]?["template"]?["metadata"]?["labels"]
        #expect(monitor["spec"]?["selector"]?["matchLabels"] == labels)
        #expect(monitor["spec"]?["podMetricsEndpoints"]?.array?.first?["path"] == "/metrics")
        let alerts = try await HelmChart.render(
            "monitoring: {prometheusRule: {enabled: true, labels: {release: stack}}}")
        let rule = try alerts.only("PrometheusRule")
        #expect(try rule["spec"] == World.manifest("sidecar-example/monitoring/prometheus-rule.yaml")["spec"])
        #expect(rule["metadata"]?["labels"]?["release"] == "stack")
        let moved = try self.agent(try await HelmChart.render("env: [{name: LISTEN_ADDRESS, value: ':9000'}]"))
        #expect(moved["ports"]?.named("admin")?["containerPort"]?.int == 9000)
        let without = try await HelmChart.render("startupProbe: null")
        #expect(try self.agent(without)["startupProbe"] == nil)
    }

    @Test("creates a PodMonitor for each API group, and for Azure with the limits that it asks for")
    func podMonitors() async throws {
        let rendered = try await HelmChart.render(
            """
            monitoring:
              podMonitor: {enabled: true, apiGroups: [monitoring.coreos.com, azmonitoring.coreos.com]}
            """)
        let monitors = rendered.objects.filter { $0["kind"] == "PodMonitor" }
        #expect(monitors.map { $0["apiVersion"] } == ["monitoring.coreos.com/v1", "azmonitoring.coreos.com/v1"])
        #expect(monitors.map { $0["spec"]?["labelLimit"] } == [nil, 63])
        let specs = monitors.compactMap {
            $0["spec"]?.removing("labelLimit").removing("labelNameLengthLimit").removing("labelValueLengthLimit")
        }
        #expect(specs.count == 2 && specs[0] == specs[1])
    }

    @Test("makes the links of the alerts absolute")
    func runbooks() async throws {
        let page = "https://git.example/docs/runbooks.md"
        let rendered = try await HelmChart.render("monitoring: {prometheusRule: {enabled: true, runbooks: '\(page)'}}")
        let groups = try rendered.only("PrometheusRule")["spec"]?["groups"]?.array ?? []
        let rules = groups.flatMap { $0["rules"]?.array ?? [] }
        #expect(rules.count >= 15)
        for rule in rules {
            let anchor = rule["alert"]?.string?.lowercased() ?? ""
            #expect(rule["annotations"]?["runbook_url"]?.string == "\(page)#\(anchor)")
        }
    }

    @Test("creates the dashboard for Grafana's sidecar")
    func dashboard() async throws {
        let rendered = try await HelmChart.render(
            "monitoring: {dashboard: {enabled: true, labels: {team: a}, annotations: {grafana_folder: Vault}}}")
        let map = try rendered.only("ConfigMap")
        #expect(map["metadata"]?["name"] == "vault-dashboard")
        #expect(map["metadata"]?["labels"]?["grafana_dashboard"] == "1")
        #expect(map["metadata"]?["labels"]?["team"] == "a")
        #expect(map["metadata"]?["annotations"] == ["grafana_folder": "Vault"])
        let text = try #require(map["data"]?["secrets-distributor.json"]?.string)
        let example = try JSONValue(json: try World.text("sidecar-example/monitoring/dashboard.json"))
        #expect(try JSONValue(json: Array(text.utf8)) == example)
    }
}
