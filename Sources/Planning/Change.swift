package import Distribution

/// The change that a write makes to a target: which keys differ, never their values.
package struct Change: Sendable, Equatable {
    package enum Kind: String, Sendable {
        case create, update
        /// Deleted and recreated, because the type or the content of an immutable Secret changes.
        case replace
        case remove
        /// Our owner reference is removed, so that the Secret is kept when its former distribution is deleted.
        case release
    }

    package let kind: Kind
    package let secret: ObjectKey
    /// The distribution that the Secret is or was written for.
    package let distribution: ObjectKey?
    /// Data keys, sorted.
    package let added: [String]
    package let changed: [String]
    /// Those of the added and changed keys whose values are generated, sorted.
    package let generated: [String]
    package let removed: [String]
    /// Keys of the labels that are set, sorted.
    package let labels: [String]
    /// Keys of the annotations that are set, sorted; without `mountGeneration`, which changes with the content.
    package let annotations: [String]
    /// The new type; nil if it does not change.
    package let type: String?
    package let changesOwner: Bool

    package var changesContent: Bool { !added.isEmpty || !changed.isEmpty || !removed.isEmpty }

    /// The difference between two states of a target; a state is nil if the Secret does not exist. Returns nil if there
    /// is no difference. Labels, annotations and owner references of others are not compared.
    package init?(of key: ObjectKey, from old: ObservedTarget?, to new: ObservedTarget?) {
        guard old != nil || new != nil else { return nil }
        let (before, after) = (old?.digests ?? [:], new?.digests ?? [:])
        secret = key
        distribution = new?.distribution ?? old?.distribution
        added = after.keys.filter { before[$0] == nil }.sorted()
        changed = after.filter { key, digest in before[key].map { $0 != digest } ?? false }.keys.sorted()
        let (records, known) = (new?.generatedRecords, old?.generatedRecords)
        generated = (added + changed).filter { records?[$0] != nil && records?[$0] != known?[$0] }.sorted()
        removed = before.keys.filter { after[$0] == nil }.sorted()
        labels = Self.set(new?.labels, over: old?.labels)
        annotations = Self.set(new?.annotations, over: old?.annotations).filter { $0 != WellKnownKeys.mountGeneration }
        let isOther = old != nil && new != nil && old?.type != new?.type
        type = isOther ? new?.type : nil
        changesOwner = new != nil && new?.distributionOwner != old?.distributionOwner
        switch (old, new) {
        case (nil, _): kind = .create
        case (_, nil): kind = .remove
        case (let old?, let new?):
            let isReplaced = old.uid != new.uid
            let metadata = labels + annotations
            guard isReplaced || !added.isEmpty || !changed.isEmpty || !removed.isEmpty || !metadata.isEmpty else {
                guard changesOwner else { return nil }
                kind = new.distributionOwner == nil ? .release : .update
                return
            }
            kind = isReplaced ? .replace : .update
        }
    }

    private static func set(_ new: [String: String]?, over old: [String: String]?) -> [String] {
        (new ?? [:]).filter { old?[$0.key] != $0.value }.keys.sorted()
    }
}
