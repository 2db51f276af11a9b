package import Kube

/// Reads a manifest of any shape: what is wrong is collected in `problems`, each with its path, and nothing is thrown
/// but for a document that is no object at all. One bad resource must not end the list of all.
///
/// The same code reads the API server's JSON and a user's YAML.
extension SecretsDistribution: JSONReadable {
    package init(reading json: JSONNode) throws(JSONBytes.Failure) {
        var root = try FieldReader(root: json)
        var metadata = root.object("metadata", required: true)
        let name = metadata.string("name", required: true)
        key = ObjectKey(namespace: metadata.string("namespace") ?? "", name: name ?? "")
        uid = metadata.string("uid") ?? ""
        // Empty in a manifest that leaves the choice to who applies it.
        if !key.namespace.isEmpty { _ = metadata.check("namespace", Syntax.problem(ofNamespace: key.namespace)) }
        if let name { _ = metadata.check("name", Syntax.problem(ofName: name, of: "a resource")) }
        hasUsableName = metadata.exists && metadata.problems.isEmpty
        resourceVersion = metadata.string("resourceVersion") ?? ""
        generation = metadata.int("generation") ?? 0
        createdAt = metadata.string("creationTimestamp") ?? ""
        isBeingDeleted = metadata.string("deletionTimestamp") != nil
        orphansTarget =
            isBeingDeleted && json["metadata"]?["finalizers"]?.elements.contains { $0.string == "orphan" } == true
        let annotations = metadata.strings("annotations")
        assignedTo = annotations[Marks.managedBy]
        forceSync = annotations[Marks.forceSync]

        // A status that another program spoilt is written anew; it says nothing about the spec.
        var other = root
        var status = other.object("status")
        self.status = StoredStatus(reading: &status)

        var spec = root.object("spec", required: true)
        self.spec = DistributionSpec(reading: &spec)
        root.expectNoOther(than: ["apiVersion", "kind", "metadata", "spec", "status"])
        problems = root.problems + metadata.problems + spec.problems
    }
}

extension SecretsDistribution {
    /// One that is there and cannot be read. It is never used, and says so in its status; being there, it is not gone.
    ///
    /// - Returns: nil if not even its name is known.
    package init?(unreadable item: UnreadableItem) {
        guard let metadata = item.metadata else { return nil }
        self.init(
            key: ObjectKey(namespace: metadata.namespace ?? "", name: metadata.name), hasUsableName: true,
            uid: metadata.uid ?? "", resourceVersion: metadata.resourceVersion ?? "",
            generation: metadata.generation ?? 0, createdAt: metadata.creationTimestamp ?? "",
            assignedTo: metadata.annotations?[Marks.managedBy],
            isBeingDeleted: metadata.deletionTimestamp != nil, orphansTarget: false, spec: DistributionSpec(),
            status: StoredStatus(), problems: [Problem([], "The distribution cannot be read: \(item.reason)")])
    }
}

extension StoredStatus {
    fileprivate init(reading reader: inout FieldReader) {
        statusText = reader.string("statusText")
        lastUpdated = reader.string("lastUpdated")
        mountGeneration = reader.string("mountGeneration")
        observedGeneration = reader.int("observedGeneration")
        conditions = reader.conditions("conditions")
    }
}

extension FieldReader {
    /// None at all if one of them is not as they should be.
    fileprivate func conditions(_ field: String) -> [Condition] {
        (try? object?[field]?.asList(of: Condition.init(reading:))) ?? []
    }
}

extension Condition {
    fileprivate init(reading json: JSONNode) throws(JSONBytes.Failure) {
        type = try json.required("type").asString()
        status = try json.required("status").asString()
        reason = try json.required("reason").asString()
        message = try json.required("message").asString()
        lastTransitionTime = try json.required("lastTransitionTime").asString()
        observedGeneration = try json["observedGeneration"]?.asInt()
    }
}

extension DistributionSpec {
    fileprivate init(reading reader: inout FieldReader) {
        guard reader.exists else { return }
        name = reader.string("name", required: true).flatMap { value in
            reader.check("name", Syntax.problem(ofName: value)) ? value : nil
        }
        if let type = reader.string("type"), !type.isEmpty {
            self.type = type
            if let refusal = Syntax.refusal(ofType: type) {
                reader.note("type", refusal, reason: .typeRefused)
            }
        }
        deletionPolicy = reader.choice("deletionPolicy") ?? deletionPolicy
        validation = reader.choice("validation") ?? validation
        var metadata = reader.object("metadata")
        labels = metadata.metadataMap("labels", check: Syntax.problem(ofLabelValue:))
        annotations = metadata.metadataMap("annotations", check: { _ in nil })
        metadata.expectNoOther(than: ["labels", "annotations"])
        reader.adopt(metadata)

        readMappings(&reader)
        reader.expectNoOther(than: ["name", "type", "secrets", "metadata", "deletionPolicy", "validation"])
    }

    private mutating func readMappings(_ reader: inout FieldReader) {
        // As many as the resource definition of the example allows.
        let entries = reader.array("secrets", of: "\"from\" and \"to\"", atLeastOne: "mapping", atMost: 1000)
        guard let entries else { return }
        var keys: Set<String> = []
        for var entry in entries {
            let from = entry.string("from", required: true)
            let to = entry.string("to", required: true)
            let optional = entry.bool("optional") ?? false
            var path: SourcePath?
            if let from {
                do { path = try SourcePath(from) } catch { entry.note("from", error.message) }
            }
            if let to, entry.check("to", Syntax.problem(ofDataKey: to)), let path {
                if keys.insert(to).inserted {
                    mappings.append(Mapping(index: entry.index, from: path, to: to, optional: optional))
                } else {
                    entry.note("to", "is \(shown(to)), which another mapping has already; expected each key once")
                }
            }
            entry.expectNoOther(than: ["from", "to", "optional"])
            reader.adopt(entry)
        }
        if mappings.count == entries.count { expectRequiredKeys(&reader) }
    }

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
    /// One of the words of an enumeration; nil if there is none, or an empty one.
    fileprivate mutating func choice<Choice: RawRepresentable<String> & CaseIterable>(_ name: String) -> Choice? {
        guard let text = string(name), !text.isEmpty else { return nil }
        if let choice = Choice(rawValue: text) { return choice }
        let words = Choice.allCases.map { shown($0.rawValue) }.joined(separator: " or ")
        note(name, "is \(shown(text)), expected \(words)")
        return nil
    }

    /// `spec.metadata.labels` or `.annotations`: without the keys that are refused.
    fileprivate mutating func metadataMap(_ name: String, check: (String) -> String?) -> [String: String] {
        var usable = strings(name)
        for (key, value) in usable.sorted(by: { $0.key < $1.key }) {
            let problem =
                Syntax.problem(ofMetadataKey: key)
                ?? Marks.refusal(ofMetadataKey: key).map { "is refused: it \($0)" }
                ?? check(value)
            guard let problem else { continue }
            note(at: [.key(name), .key(key)], problem)
            usable[key] = nil
        }
        return usable
    }
}
