package import Distribution
import JSON
import YAML

/// Parses YAML files that contain distributions and namespaces.
package enum Manifests {
    /// A source that a distribution names, and where.
    package struct Source: Sendable {
        /// `namespace/name` of a SecretsDistribution as the manifest has them; with the kind for another resource.
        package let distribution: String
        package let field: SourceField
        package let line: Int
    }

    package struct Parsed: Sendable {
        package var distributions: [(distribution: SecretsDistribution, line: Int)] = []
        package var namespaces: [Namespace] = []
        /// The sources of all distributions, if they were asked for.
        package var sources: [Source] = []
        /// The number of documents of other kinds.
        package var others = 0
        /// Whether there is a list without items, as `kubectl get -o yaml` prints it if there are no objects.
        package var hasEmptyList = false

        /// That there is no distribution; nil if there is one, or a problem. It is a remark if the file is of use to
        /// somebody else, as a kustomization is.
        package func finding(withoutDistributionIn file: String) -> Finding? {
            guard distributions.isEmpty, problems.isEmpty else { return nil }
            let isUsed = others > 0 || !namespaces.isEmpty || hasEmptyList
            return Finding(file: file, line: 0, message: "contains no SecretsDistribution", isRemark: isUsed)
        }
        package var problems: [Finding] = []
        /// Whether all distributions of the file were parsed: the file is valid YAML, and each has a valid name.
        package var isComplete = true

        /// The distributions with a valid name and namespace.
        func usable(defaultNamespace: String) -> [SecretsDistribution] {
            distributions.compactMap { entry in
                var distribution = entry.distribution
                if distribution.key.namespace.isEmpty, !distribution.isCluster {
                    distribution.key = ObjectKey(namespace: defaultNamespace, name: distribution.key.name)
                }
                // There is no server that assigns a uid.
                distribution.uid = distribution.key.description
                return distribution.hasUsableName ? distribution : nil
            }
        }
    }

    package static func isManifest(_ path: String) -> Bool {
        [".yaml", ".yml", ".json"].contains { path.hasSuffix($0) }
    }

    /// Parses a file and finds its problems.
    ///
    /// - Parameters:
    ///   - policy: what this policy denies is a problem, or a remark if the policy only audits; nil for no policy.
    ///   - withSources: also list the sources of the distributions with their lines.
    package static func parse(
        _ bytes: [UInt8], file: String, policy: AccessPolicy? = nil, withSources: Bool = false
    ) -> Parsed {
        let stream = YAMLParser.parse(bytes)
        var parsed = Parsed()
        for document in stream.documents {
            add(document, to: &parsed, file: file, policy, withSources: withSources)
        }
        for error in stream.errors {
            parsed.isComplete = false
            parsed.problems.append(Finding(file: file, line: error.line, message: error.reason))
        }
        parsed.problems.sort { $0.line < $1.line }
        return parsed
    }

    /// Adds a document, or the items of a list as `kubectl get -o yaml` prints it.
    private static func add(
        _ document: YAMLNode, to parsed: inout Parsed, file: String, _ policy: AccessPolicy?, withSources: Bool
    ) {
        let kind = document["kind"]?.string
        let kinds = [WellKnownKeys.kind, WellKnownKeys.clusterKind]
        if kind == "List" || kinds.contains(where: { kind == $0 + "List" }),
            case .sequence(let items)? = document["items"]?.kind
        {
            parsed.hasEmptyList = parsed.hasEmptyList || items.isEmpty
            for item in items { add(item, to: &parsed, file: file, policy, withSources: withSources) }
            return
        }
        if kind == "Namespace", document["apiVersion"]?.string == "v1" {
            return addNamespace(document, to: &parsed, file: file)
        }
        guard let kind, kinds.contains(kind) else {
            parsed.others += 1
            return
        }
        if let problem = problem(ofVersion: document) {
            parsed.isComplete = false
            parsed.problems.append(Finding(file: file, line: document.line(of: ["apiVersion"]), message: problem))
            return
        }
        let isCluster = kind == WellKnownKeys.clusterKind
        let json = try? JSONNode(json: document.json()[...])
        guard let distribution = try? json.map({ try SecretsDistribution(reading: $0, isCluster: isCluster) }) else {
            parsed.isComplete = false
            parsed.problems.append(
                Finding(file: file, line: document.line, message: "is not an object, expected a \(kind)"))
            return
        }
        parsed.isComplete = parsed.isComplete && distribution.hasUsableName
        parsed.distributions.append((distribution, document.line))
        parsed.problems += findings(distribution.problems, in: document, file: file)
        if withSources {
            let name = distribution.key.description
            let label = isCluster ? "\(kind) \(name)" : name
            parsed.sources += distribution.sourceFields.map { field in
                Source(distribution: label, field: field, line: document.line(of: field.path.map(PathKey.init)))
            }
        }
        guard let policy else { return }
        parsed.problems += policy.problems(of: distribution).map {
            Finding($0, in: document, file: file, isRemark: policy.mode == .audit)
        }
    }

    private static func addNamespace(_ document: YAMLNode, to parsed: inout Parsed, file: String) {
        do {
            parsed.namespaces.append(try JSONBytes.decode(Namespace.self, from: document.json()))
        } catch {
            parsed.isComplete = false
            parsed.problems.append(
                Finding(file: file, line: document.line, message: "is a Namespace that cannot be read: \(error)"))
        }
    }

    /// The findings for the problems of one document, with their lines.
    static func findings(_ problems: Problems, in document: YAMLNode, file: String) -> [Finding] {
        let told = problems.map { Finding($0, in: document, file: file) }
        guard told.count < problems.total else { return told }
        let message = "has \(problems.total) problems; the first \(told.count) are shown"
        return [Finding(file: file, line: document.line, message: message)] + told
    }

    private static func problem(ofVersion document: YAMLNode) -> String? {
        let version = document["apiVersion"]?.string
        guard version != WellKnownKeys.apiVersion else { return nil }
        return "apiVersion is \(version.map { "\"\($0)\"" } ?? "missing"), expected \"\(WellKnownKeys.apiVersion)\""
    }
}

extension Finding {
    /// A problem of `document`, at its line.
    init(_ problem: Problem, in document: YAMLNode, file: String, isRemark: Bool = false) {
        self.init(
            file: file, line: document.line(of: problem.path.map(PathKey.init)), message: problem.description,
            isRemark: isRemark)
    }
}

extension PathKey {
    fileprivate init(_ element: Problem.PathElement) {
        switch element {
        case .key(let key): self = .key(key)
        case .index(let index): self = .index(index)
        }
    }
}
