import JSON
import TestSupport
import Testing

/// The alerts of the example.
struct Alerts {
    struct Alert {
        let name: String
        let rule: JSONValue

        var expression: String { rule["expr"]?.string ?? "" }
        func annotation(_ name: String) -> String? { rule["annotations"]?[name]?.string }
    }

    /// `spec` of the PrometheusRule: the content of a plain rules file.
    private let rules: JSONValue

    init() throws {
        rules = try #require(try World.manifest("sidecar-example/monitoring/prometheus-rule.yaml")["spec"])
    }

    var all: [Alert] {
        (rules["groups"]?.array ?? []).flatMap { $0["rules"]?.array ?? [] }.map {
            Alert(name: $0["alert"]?.string ?? "", rule: $0)
        }
    }

    /// A folder with `rules.yaml`, for Prometheus and promtool.
    ///
    /// - Parameter annotated: keeps the annotations. Without them, a test of the rules only needs to repeat their
    ///   labels.
    func folder(annotated: Bool) throws -> ScratchFolder {
        let folder = try ScratchFolder()
        let written = annotated ? rules : rules.without("annotations")
        try folder.write("rules.yaml", String(decoding: written.encoded(), as: UTF8.self))
        return folder
    }
}

extension JSONValue {
    /// A copy without the members of that name, at any depth.
    fileprivate func without(_ name: String) -> JSONValue {
        switch self {
        case .object(let members):
            .object(members.filter { $0.key != name }.mapValues { $0.without(name) })
        case .array(let elements): .array(elements.map { $0.without(name) })
        default: self
        }
    }
}

/// The names in a text that look like names of metrics.
func metricNames(in text: String) -> Set<String> {
    let words = text.split { !($0.isLetter || $0.isNumber || $0 == "_" || $0 == ":") }
    return Set(
        words.filter { $0.hasPrefix("secrets_distributor_") || $0.hasPrefix("process_") }.map { String($0) })
}
