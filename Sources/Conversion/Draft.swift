import Distribution
import JSON
import YAML

/// A distribution that is being made, with the place of each part in the file that it comes from.
struct Draft {
    /// One entry of `spec.secrets`.
    struct Entry {
        enum Source {
            case file(String)
            case text(String)
            /// The fields of `generate`.
            case generated([YAMLValue.Entry])
        }

        var source: Source
        var to: String
        var sourcePlace: Place
        var keyPlace: Place
    }

    /// What it comes from: `SecretProviderClass azure`.
    var origin: Located
    var namespace: Located?
    /// The name of the resource; the conversion makes it unique.
    var name: String
    var secret: Located
    var type: Located?
    var labels: [(key: String, value: Located)] = []
    var annotations: [(key: String, value: Located)] = []
    /// Annotations of the resource itself.
    var ownAnnotations: [YAMLValue.Entry] = []
    var entries: [Entry] = []
    var handover: Handover
    /// Whether data keys are missing that the Secret had.
    var isIncomplete = false

    /// Renames the resource, and a Secret that does not exist yet.
    mutating func rename(_ name: String) {
        self.name = name
        if case .none = handover { secret.text = "\(name)-secrets" }
    }

    /// Removes the parts that a distribution cannot have. Each is a finding.
    ///
    /// - Returns: nil if nothing that can be used is left.
    func checked(_ findings: inout Findings) -> Draft? {
        var draft = self
        // Each round removes at least one part, and the number of problems of one round is limited.
        while true {
            let problems = draft.problems()
            guard !problems.isEmpty else { return draft }
            let parts = problems.map { draft.part(of: $0, among: problems, &findings) }
            guard !parts.contains(nil), draft.remove(Set(parts.compactMap(\.self))) else { return nil }
        }
    }

    /// The errors that the program finds in the manifest.
    private func problems() -> [Problem] {
        let read = try? YAMLParser.documents(in: YAMLEmitter.emit(manifest(forCheck: true))).first
            .map { try JSONBytes.decode(SecretsDistribution.self, from: $0.json()) }
        guard let distribution = read ?? nil else { return [Problem([], "cannot be written as a manifest")] }
        return distribution.problems.filter { $0.severity == .error }
    }

    private enum Part: Hashable {
        case entry(Int)
        case label(Int)
        case annotation(Int)
    }

    /// Adds a finding for the problem.
    ///
    /// - Returns: the part to remove; nil if the whole cannot be used.
    private func part(of problem: Problem, among problems: [Problem], _ findings: inout Findings) -> Part? {
        let report = { (findings: inout Findings, place: Place) in
            findings.add(place, "has no counterpart: it \(problem.message)")
        }
        switch problem.keys {
        // The name is that of the Secret.
        case ["metadata", "name"] where problems.contains { $0.keys == ["spec", "name"] }: break
        case ["metadata", "namespace"]: report(&findings, namespace?.place ?? origin.place)
        case ["spec", "name"]: report(&findings, secret.place)
        case ["spec", "type"]: report(&findings, type?.place ?? origin.place)
        case let keys
        where keys.starts(with: ["spec", "secrets"]) && problem.index.map(entries.indices.contains) == true:
            let index = problem.index ?? 0
            report(&findings, keys.last == "to" ? entries[index].keyPlace : entries[index].sourcePlace)
            return .entry(index)
        case let keys where keys.count == 4 && keys.starts(with: ["spec", "metadata"]):
            let list = keys[2] == "labels" ? labels : annotations
            if let index = list.firstIndex(where: { $0.key == keys[3] }) {
                report(&findings, list[index].value.place)
                return keys[2] == "labels" ? .label(index) : .annotation(index)
            }
            report(&findings, origin.place)
        default: findings.add(origin.place.line, "\(origin.text) has no counterpart: \(problem)")
        }
        return nil
    }

    /// - Returns: false if no entry is left.
    private mutating func remove(_ parts: Set<Part>) -> Bool {
        isIncomplete = isIncomplete || parts.contains { if case .entry = $0 { true } else { false } }
        entries = entries.enumerated().filter { !parts.contains(.entry($0.offset)) }.map(\.element)
        labels = labels.enumerated().filter { !parts.contains(.label($0.offset)) }.map(\.element)
        annotations = annotations.enumerated().filter { !parts.contains(.annotation($0.offset)) }.map(\.element)
        return !entries.isEmpty
    }
}

extension Draft {
    /// - Parameter forCheck: replaces each generated value with a file, so that only the rest is checked.
    func manifest(forCheck: Bool = false) -> YAMLValue {
        var metadata: [YAMLValue.Entry] = [.init("name", .string(name))]
        if let namespace { metadata.append(.init("namespace", .string(namespace.text))) }
        if !ownAnnotations.isEmpty { metadata.append(.init("annotations", .mapping(ownAnnotations))) }
        var spec: [YAMLValue.Entry] = [.init("name", .string(secret.text))]
        if let type { spec.append(.init("type", .string(type.text))) }
        let ofTarget = [("labels", labels), ("annotations", annotations)].filter { !$0.1.isEmpty }.map { name, list in
            YAMLValue.Entry(name, .mapping(list.map { .init($0.key, .string($0.value.text)) }))
        }
        if !ofTarget.isEmpty { spec.append(.init("metadata", .mapping(ofTarget))) }
        let secrets = entries.map { entry in
            let source: YAMLValue.Entry =
                switch entry.source {
                case .file(let file): .init("from", .string(file))
                case .text(let text): .init("value", .string(text))
                case .generated(let fields):
                    forCheck ? .init("from", .string("generated")) : .init("generate", .mapping(fields))
                }
            return YAMLValue.mapping([source, .init("to", .string(entry.to))])
        }
        spec.append(.init("secrets", .sequence(secrets)))
        return .mapping([
            .init("apiVersion", .string(WellKnownKeys.apiVersion)), .init("kind", .string(WellKnownKeys.kind)),
            .init("metadata", .mapping(metadata)), .init("spec", .mapping(spec)),
        ])
    }
}

extension Problem {
    fileprivate var keys: [String] { path.compactMap { if case .key(let key) = $0 { key } else { nil } } }

    /// The first index in the path.
    fileprivate var index: Int? {
        path.lazy.compactMap { if case .index(let index) = $0 { index } else { nil } }.first
    }
}
