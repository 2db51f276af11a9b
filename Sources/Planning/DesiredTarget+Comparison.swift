import Distribution

extension DesiredTarget {
    /// Equal for equal content and metadata; of this process alone. Without the generation, which changes with none of them.
    package var fingerprint: Int {
        var hasher = Hasher()
        hasher.combine(type)
        hasher.combine(data.mapValues(\.digest))
        hasher.combine(labels)
        hasher.combine(annotations)
        hasher.combine(owner?.uid)
        return hasher.finalize()
    }

    /// What of it a target lacks or has otherwise, as phrases: `data key a differs`. Others' labels, annotations and owner
    /// references are not compared. Of many the first ones; nil if it lacks nothing.
    package func differences(from stored: ObservedTarget) -> String? {
        let patch = TargetPatch(from: stored, to: self)
        var phrases: [String] = []
        if stored.type != type { phrases.append("the type is \(shown(stored.type))") }
        for key in patch.set.keys.sorted() {
            phrases.append("data key \(shown(key)) \(stored.digests[key] == nil ? "is missing" : "differs")")
        }
        phrases += patch.removed.map { "data key \(shown($0)) was added" }
        phrases += patch.labels.keys.sorted().map { "label \(shown($0)) \(stored.labels.lack($0))" }
        let annotations = patch.annotations.keys.filter { $0 != WellKnownKeys.mountGeneration }.sorted()
        phrases += annotations.map { "annotation \(shown($0)) \(stored.annotations.lack($0))" }
        if patch.owners != nil { phrases.append("the owner reference differs") }
        return phrases.isEmpty ? nil : Listing(phrases, of: phrases.count).description
    }
}

extension [String: String] {
    fileprivate func lack(_ key: String) -> String { self[key] == nil ? "is missing" : "differs" }
}
