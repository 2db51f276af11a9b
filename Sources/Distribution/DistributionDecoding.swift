package import JSON
package import Kube

/// Reads a manifest of any shape. Errors are collected in `problems`, each with its path, so that one bad resource does
/// not fail a whole list. It throws only if the document is not an object.
///
/// The same code reads the API server's JSON and a user's YAML.
extension SecretsDistribution: JSONReadable {
    package init(reading json: JSONNode) throws(JSONBytes.Failure) { try self.init(reading: json, isCluster: false) }

    /// - Parameter isCluster: whether it is a `ClusterSecretsDistribution`.
    package init(reading json: JSONNode, isCluster: Bool) throws(JSONBytes.Failure) {
        var root = try FieldReader(root: json)
        var metadata = root.object("metadata", required: true)
        let name = metadata.string("name", required: true)
        let namespace = metadata.string("namespace") ?? ""
        key = ObjectKey(namespace: isCluster ? "" : namespace, name: name ?? "")
        uid = metadata.string("uid") ?? ""
        // Empty in a manifest without a namespace, as with `kubectl apply --namespace`.
        if !namespace.isEmpty {
            let problem =
                isCluster
                ? "is \(shown(namespace)), expected none: a \(WellKnownKeys.clusterKind) belongs to no namespace"
                : Syntax.problem(ofNamespace: namespace)
            _ = metadata.check("namespace", problem)
        }
        if let name { _ = metadata.check("name", Syntax.problem(ofName: name, of: "a resource")) }
        hasUsableName = metadata.exists && metadata.problems.isEmpty
        resourceVersion = metadata.string("resourceVersion") ?? ""
        generation = metadata.int("generation") ?? 0
        createdAt = metadata.string("creationTimestamp") ?? ""
        isBeingDeleted = metadata.string("deletionTimestamp") != nil
        orphansTarget =
            isBeingDeleted && json["metadata"]?["finalizers"]?.elements.contains { $0.string == "orphan" } == true
        let annotations = metadata.strings("annotations")
        assignedTo = annotations[WellKnownKeys.managedBy]
        forceSync = annotations[WellKnownKeys.forceSync]

        // Problems of the status are not collected: an invalid status is overwritten and does not affect the spec.
        var other = root
        var status = other.object("status")
        self.status = StoredStatus(reading: &status)

        var spec = root.object("spec", required: true)
        let kind = isCluster ? WellKnownKeys.clusterKind : WellKnownKeys.kind
        if isCluster {
            selection = NamespaceSelection(reading: &spec)
            var template = spec.object("template", required: true)
            self.spec = DistributionSpec(reading: &template)
            spec.expectNoOther(than: ["namespaceSelector", "namespaces", "excludeNamespaces", "template"], in: kind)
            spec.adopt(template)
        } else {
            self.spec = DistributionSpec(reading: &spec)
        }
        root.expectNoOther(than: ["apiVersion", "kind", "metadata", "spec", "status"], in: kind)
        root.adopt(metadata)
        root.adopt(spec)
        problems = root.problems
    }
}

extension SecretsDistribution {
    /// A distribution that exists and cannot be read. It is never used. Its status reports the error, if the instance
    /// that it is assigned to is known. Because it exists, it does not count as deleted.
    ///
    /// - Returns: nil if its name cannot be read either.
    package init?(unreadable item: UnreadableItem, isCluster: Bool = false) {
        guard let metadata = item.metadata else { return nil }
        self.init(
            key: ObjectKey(namespace: metadata.namespace ?? "", name: metadata.name),
            selection: isCluster ? NamespaceSelection.none : nil, hasUsableName: true,
            uid: metadata.uid ?? "", resourceVersion: metadata.resourceVersion ?? "",
            generation: metadata.generation ?? 0, createdAt: metadata.creationTimestamp ?? "",
            // If the annotations cannot be read, it belongs to no instance: no instance has an empty name.
            assignedTo: item.hidesAnnotations ? "" : metadata.annotations?[WellKnownKeys.managedBy],
            isBeingDeleted: metadata.deletionTimestamp != nil, orphansTarget: false, spec: DistributionSpec(),
            status: StoredStatus(), problems: Problems(Problem([], "The distribution cannot be read: \(item.reason)")))
    }
}

extension StoredStatus {
    fileprivate init(reading reader: inout FieldReader) {
        statusText = reader.string("statusText").map(Refusal.bounded)
        lastUpdated = reader.string("lastUpdated").flatMap { $0.utf8.count <= Condition.longestTime ? $0 : nil }
        mountGeneration = reader.string("mountGeneration").flatMap {
            $0.utf8.count <= Condition.longestMessage ? $0 : nil
        }
        // The definition sets -1 until there is a status.
        observedGeneration = reader.int("observedGeneration").flatMap { $0 < 0 ? nil : $0 }
        sources = SourceVersion.all(reading: &reader)
        targets = TargetCounts(reading: &reader)
        conditions = reader.conditions("conditions")
    }
}

extension FieldReader {
    /// Empty if one of the conditions is invalid, or if there are too many.
    fileprivate func conditions(_ field: String) -> [Condition] {
        guard let list = object?[field], list.elements.reduce(0, { count, _ in count + 1 }) <= Condition.most else {
            return []
        }
        return (try? list.asList(of: Condition.init(reading:))) ?? []
    }
}

extension Condition {
    /// The limit on the number of conditions is that of the resource definition in the example. Lengths are in code
    /// points, as for the API server (metav1.Condition).
    fileprivate static let most = 100
    fileprivate static let longestMessage = 32_768
    fileprivate static let longestTime = 64

    fileprivate init(reading json: JSONNode) throws(JSONBytes.Failure) {
        let text = { (key: String, longest: Int) throws(JSONBytes.Failure) in
            let node = try json.required(key)
            let text = try node.asString()
            guard text.unicodeScalars.count <= longest else { try node.fails("is too long") }
            return text
        }
        type = try text("type", 316)
        status = try text("status", 16)
        reason = try text("reason", 1024)
        message = try text("message", Self.longestMessage)
        lastTransitionTime = try text("lastTransitionTime", Self.longestTime)
        observedGeneration = try json["observedGeneration"]?.asInt()
    }
}

extension DistributionSpec {
    fileprivate init(reading reader: inout FieldReader) {
        self.init()
        guard reader.exists else { return }
        name = reader.string("name", required: true).flatMap { value in
            reader.check("name", Syntax.problem(ofName: value)) ? value : nil
        }
        if let type = reader.string("type"), !type.isEmpty {
            if let refusal = Syntax.refusal(ofType: type) {
                reader.note("type", refusal, reason: .typeRefused)
            } else {
                self.type = type
            }
        }
        deletionPolicy = reader.choice("deletionPolicy", emptyIsMissing: true) ?? deletionPolicy
        validation = reader.choice("validation", emptyIsMissing: true) ?? validation
        var metadata = reader.object("metadata")
        labels = metadata.metadataMap("labels", check: Syntax.problem(ofLabelValue:))
        annotations = metadata.metadataMap("annotations", check: { _ in nil })
        metadata.expectNoOther(than: ["labels", "annotations"])
        reader.adopt(metadata)

        let isComplete = readMappings(&reader)
        dataFrom = reader.dataSources()
        if isComplete, dataFrom.isEmpty { expectRequiredKeys(&reader) }
        if isComplete { checkGenerated(&reader) }
        limitFiles(&reader)
        reader.expectNoOther(
            than: ["name", "type", "secrets", "dataFrom", "metadata", "deletionPolicy", "validation"])
    }

    /// - Returns: whether all entries can be used.
    private mutating func readMappings(_ reader: inout FieldReader) -> Bool {
        // An empty Secret is never what was meant.
        let isOptional = reader.has("dataFrom")
        guard
            let entries = reader.array(
                "secrets", of: "\"from\" and \"to\"", atLeastOne: isOptional ? nil : "mapping",
                atMost: Self.mostMappings, required: !isOptional)
        else { return false }
        var keys: Set<String> = []
        for var entry in entries {
            let to = entry.string("to", required: true)
            let key = to.flatMap { entry.check("to", Syntax.problem(ofDataKey: $0)) ? $0 : nil }
            let source = entry.valueSource(for: key, type: type)
            let optional = entry.optional()
            if let key, let source {
                if keys.insert(key).inserted {
                    mappings.append(Mapping(index: entry.index, to: key, source: source, optional: optional))
                } else {
                    entry.note("to", "is \(shown(key)), which another mapping already uses; expected each key once")
                }
            }
            entry.expectNoOther(than: FieldReader.entryFields)
            reader.adopt(entry)
        }
        return mappings.count == entries.count
    }

    private mutating func limitFiles(_ reader: inout FieldReader) {
        // Most have few; a set takes time.
        guard mappings.reduce(dataFrom.count, { $0 + $1.source.fileCount }) > Self.mostFiles else { return }
        let count = Set(files).count
        guard count > Self.mostFiles else { return }
        reader.note("secrets", "names \(count) source files, expected at most \(Self.mostFiles)")
        (mappings, dataFrom) = ([], [])
    }

    /// Notes required keys that are missing. The keys of `dataFrom` are known only when its sources are read.
    private func expectRequiredKeys(_ reader: inout FieldReader) {
        guard validation == .full, let type = SecretType(rawValue: type) else { return }
        let given = Set(mappings.map(\.to))
        for keys in type.requiredKeys where given.isDisjoint(with: keys) {
            let names = keys.map(shown).joined(separator: " or ")
            reader.note("secrets", "has no mapping to \(names), which a Secret of type \(type.rawValue) must have")
        }
    }
}

extension FieldReader {
    /// `spec.metadata.labels` or `.annotations`, without the keys that are rejected.
    fileprivate mutating func metadataMap(_ name: String, check: (String) -> String?) -> [String: String] {
        var usable = strings(name, atMost: DistributionSpec.mostMetadata)
        for (key, value) in usable.sorted(by: { $0.key < $1.key }) {
            let problem =
                Syntax.problem(ofMetadataKey: key)
                ?? WellKnownKeys.refusal(ofMetadataKey: key).map { "is rejected: it \($0)" }
                ?? check(value)
            guard let problem else { continue }
            note(at: [.key(name), .key(key)], problem)
            usable[key] = nil
        }
        let size = usable.reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count }
        guard self.check(name, Syntax.problem(ofMetadataSize: size)) else { return [:] }
        return usable
    }
}
