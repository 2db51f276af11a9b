import Glibc

/// The fuzz targets, and the way in which a target reports a violated property.
enum Fuzz {
    typealias Target = @Sendable ([UInt8]) -> Void

    /// Each folder of `corpus` has the name of a target.
    static let targets: [String: Target] = [
        "annotations": ConversionTargets.annotations,
        "bundle": BundleTargets.bundle,
        "certificates": CertificateTargets.pair,
        "conversion": ConversionTargets.conversion,
        "distribution": DistributionTargets.distribution,
        "dotenv": FormatsTargets.dotenv,
        "duration": CommandTargets.duration,
        "encoding": FormatsTargets.encoding,
        "entries": FormatsTargets.entries,
        "exposition": ObservabilityTargets.exposition,
        "headers": KubeCurlTargets.headers,
        "html": AdminTargets.html,
        "inotify": MountWatchTargets.inotify,
        "json": KubeTargets.json,
        "jsonobject": DistributionTargets.jsonObject,
        "jsonpointer": FormatsTargets.pointer,
        "kubeconfig": KubeCurlTargets.kubeconfig,
        "lease": LeaseTargets.lease,
        "lines": KubeTargets.lines,
        "list": KubeTargets.list,
        "log": ObservabilityTargets.log,
        "merge": KubeTargets.merge,
        "names": DistributionTargets.names,
        "options": CommandTargets.options,
        "pattern": PolicyTargets.pattern,
        "poison": PoisonTargets.poison,
        "policy": PolicyTargets.policy,
        "properties": FormatsTargets.properties,
        "providerclass": ProviderClassTargets.classes,
        "route": AdminTargets.route,
        "safecontents": BundleTargets.safeContents,
        "secret": AgentTargets.secret,
        "sourcepath": DistributionTargets.sourcePath,
        "status": KubeTargets.status,
        "template": FormatsTargets.template,
        "timestamp": ObservabilityTargets.timestamp,
        "url": KubeCurlTargets.url,
        "watch": KubeTargets.watch,
        "yaml": YAMLTargets.parser,
        "yamlvalue": YAMLTargets.emitter,
    ]

    /// The target in `FUZZ_TARGET`; without it, prints the names.
    static let chosen: Target = {
        if let name = getenv("FUZZ_TARGET"), let target = targets[String(cString: name)] { return target }
        for name in targets.keys.sorted() { print(name) }
        exit(64)
    }()

    /// Ends the process if `condition` does not hold, so that libFuzzer keeps the input.
    static func require(_ condition: @autoclosure () -> Bool, _ property: StaticString) {
        guard !condition() else { return }
        fatalError("does not hold: \(property)")
    }

    static func text(_ bytes: some Sequence<UInt8>) -> String { String(decoding: Array(bytes), as: UTF8.self) }

    /// Whether the text is one line without hidden effects: no control characters, no line or paragraph separators, no
    /// marks that change the direction of writing.
    static func isOneLine(_ text: String) -> Bool {
        text.unicodeScalars.allSatisfy { scalar in
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator: false
            default: true
            }
        }
    }
}
