import TestSupport
import Testing

@Suite("The example's alerts")
struct AlertTests {
    @Test("are rules that Prometheus accepts, with documented metrics only")
    func accepted() async throws {
        let alerts = try Alerts()
        #expect(alerts.all.count >= 15)
        try await Promtool.run(["check", "rules", "rules.yaml"], in: try alerts.folder(annotated: true))
        let known = try DocumentedMetrics().sampleNames()
        for alert in alerts.all {
            let names = metricNames(in: alert.expression)
            #expect(!names.isEmpty, "\(alert.name)")
            #expect(names.subtracting(known) == [], "\(alert.name)")
        }
    }

    @Test("fire at their threshold, and stay silent just below it")
    func unitTests() async throws {
        let folder = try Alerts().folder(annotated: false)
        try folder.write(
            "alerts.yaml", String(decoding: try World.text("Tests/Fixtures/monitoring/alerts.yaml"), as: UTF8.self))
        try await Promtool.run(["test", "rules", "alerts.yaml"], in: folder)
    }

    @Test("are all tested this way, with documented metrics only")
    func tested() throws {
        var (fire, silent): (Set<String>, Set<String>) = ([], [])
        let tests = try #require(try World.manifest("Tests/Fixtures/monitoring/alerts.yaml")["tests"]?.array)
        let known = try DocumentedMetrics().sampleNames()
        for test in tests {
            for check in test["alert_rule_test"]?.array ?? [] {
                let name = try #require(check["alertname"]?.string)
                if check["exp_alerts"]?.array?.isEmpty == true { silent.insert(name) } else { fire.insert(name) }
            }
            for series in test["input_series"]?.array ?? [] {
                #expect(metricNames(in: series["series"]?.string ?? "").subtracting(known) == [])
            }
        }
        let names = Set(try Alerts().all.map(\.name))
        #expect(fire == names)
        #expect(silent == names)
    }

    @Test("have a severity, a description, and a link to their runbook")
    func annotations() throws {
        for alert in try Alerts().all {
            let severity = alert.rule["labels"]?["severity"]?.string
            #expect(severity == "warning" || severity == "critical", "\(alert.name)")
            #expect(alert.rule["for"]?.string != nil, "\(alert.name)")
            for name in ["summary", "description"] { #expect(alert.annotation(name) != nil, "\(alert.name)") }
            #expect(alert.annotation("runbook_url") == "docs/runbooks.md#\(alert.name.lowercased())")
        }
    }

    @Test("have a section each in the runbooks, which have no other section")
    func runbooks() throws {
        let text = String(decoding: try World.text("docs/runbooks.md"), as: UTF8.self)
        let sections = text.split(separator: "\n## ").dropFirst()
        let titles = sections.map { String($0.prefix { $0 != "\n" }) }
        #expect(titles.sorted() == (try Alerts().all.map(\.name).sorted()))
        for section in sections {
            let title = section.prefix { $0 != "\n" }
            for part in ["Meaning", "Impact", "Diagnosis", "Mitigation"] {
                #expect(section.contains("\n- **\(part):** "), "\(title)")
            }
        }
        let documented = try DocumentedMetrics()
        #expect(metricNames(in: text).subtracting(documented.names().union(documented.sampleNames())) == [])
        // Links within the page.
        let anchors = Set(titles.map { $0.lowercased() })
        for link in text.split(separator: "](#").dropFirst() {
            #expect(anchors.contains(String(link.prefix { $0 != ")" })))
        }
    }

    @Test("scrape the port that the deployment names")
    func podMonitor() throws {
        let spec = try #require(try World.manifest("sidecar-example/monitoring/pod-monitor.yaml")["spec"])
        let template = try #require(try World.manifest("sidecar-example/deployment.yaml")["spec"]?["template"])
        #expect(spec["selector"]?["matchLabels"] == template["metadata"]?["labels"])
        let endpoint = try #require(spec["podMetricsEndpoints"]?.array?.first)
        // The alerts use the namespace of a certificate's Secret, which the scrape must not overwrite.
        #expect(endpoint["honorLabels"] == .bool(true))
        let sidecar = template["spec"]?["initContainers"]?.array?.first
        let ports = sidecar?["ports"]?.array ?? []
        #expect(ports.contains(["name": endpoint["port"] ?? .null, "containerPort": 9895]))
    }
}
