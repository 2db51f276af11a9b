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
        guard draft.removeUnusableEntries(&findings) else { return nil }
        // Each round removes at least one part, and the number of problems of one round is limited.
        while true {
            let problems = draft.problems()
            guard !problems.isEmpty else { return draft }
            var parts: Set<Part> = []
            var isUsable = true
            for problem in problems {
                let (part, place) = draft.origin(of: problem)
                isUsable = isUsable && part != nil
                // The name of the resource is that of the Secret. Of several problems of one part, the first is enough.
                if problem.keys == ["metadata", "name"], problems.contains(where: { $0.keys == ["spec", "name"] }) {
                    continue
                }
                if let part, !parts.insert(part).inserted { continue }
                if let place {
                    findings.add(place, "has no counterpart: it \(problem.message)")
                } else {
                    findings.add(origin.place.line, "\(origin.text) has no counterpart: \(problem)")
                }
            }
            guard isUsable, draft.remove(parts) else { return nil }
        }
    }

    /// Removes the entries with a key or a file that no entry can have: there may be many.
    ///
    /// - Returns: false if no entry is left.
    private mutating func removeUnusableEntries(_ findings: inout Findings) -> Bool {
        let parts = entries.indices.filter { index in
            let entry = entries[index]
            if let problem = DistributionSpec.problem(ofDataKey: entry.to) {
                findings.add(entry.keyPlace, "has no counterpart: it \(problem)")
                return true
            }
            guard case .file(let file) = entry.source else { return false }
            do throws(SourcePathError) {
                _ = try SourcePath(file)
                return false
            } catch {
                findings.add(entry.sourcePlace, "has no counterpart: it \(error.description)")
                return true
            }
        }
        return remove(Set(parts.map { .entry($0) }))
    }

    /// The errors that the program finds in the manifest.
    private func problems() -> [Problem] {
        let read = try? YAMLParser.documents(in: YAMLEmitter.emit(manifest)).first
            .map { try JSONBytes.decode(SecretsDistribution.self, from: $0.json()) }
        guard let distribution = read ?? nil else { return [Problem([], "cannot be written as a manifest")] }
        return distribution.problems.filter { $0.severity == .error }
    }

    private enum Part: Hashable {
        case entry(Int)
        case label(Int)
        case annotation(Int)
    }

    /// - Returns: the part to remove, nil if the whole cannot be used; and its place, nil if it is the whole.
    private func origin(of problem: Problem) -> (Part?, Place?) {
        let keys = problem.keys
        switch keys {
        case ["metadata", "namespace"]: return (nil, namespace?.place)
        case ["spec", "name"]: return (nil, secret.place)
        case ["spec", "type"]: return (nil, type?.place)
        default: break
        }
        if keys.starts(with: ["spec", "secrets"]), let index = problem.index, entries.indices.contains(index) {
            return (.entry(index), keys.last == "to" ? entries[index].keyPlace : entries[index].sourcePlace)
        }
        if keys.count == 4, keys.starts(with: ["spec", "metadata"]) {
            let isLabel = keys[2] == "labels"
            let list = isLabel ? labels : annotations
            if let index = list.firstIndex(where: { $0.key == keys[3] }) {
                return (isLabel ? .label(index) : .annotation(index), list[index].value.place)
            }
        }
        return (nil, nil)
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
    var manifest: YAMLValue {
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
                case .generated(let fields): .init("generate", .mapping(fields))
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
