package import Distribution

/// What a write does to a target: which keys differ, never what they hold.
package struct Change: Sendable, Equatable {
    package enum Kind: String, Sendable {
        case create, update
        /// Deleted and recreated: another type, or other content of an immutable Secret.
        case replace
        case remove
        /// Our owner reference goes, so that it stays when its former distribution goes.
        case release
    }

    package let kind: Kind
    package let secret: ObjectKey
    /// The one that it is, or was, made for.
    package let distribution: ObjectKey?
    /// Data keys, sorted.
    package let added: [String]
    package let changed: [String]
    package let removed: [String]
    /// Keys of labels and of annotations that are set, sorted; without `mountGeneration`, which goes with the content.
    package let labels: [String]
    package let annotations: [String]
    /// The new type; nil if it stays.
    package let type: String?
    package let changesOwner: Bool

    package var changesContent: Bool { !added.isEmpty || !changed.isEmpty || !removed.isEmpty }

    /// The difference of two states of a target; nil of either: there is no such Secret. Nil if there is none, as far as
    /// it is ours: what others put on it beside ours is not compared.
    package init?(of key: ObjectKey, from old: ObservedTarget?, to new: ObservedTarget?) {
        guard old != nil || new != nil else { return nil }
        let (before, after) = (old?.digests ?? [:], new?.digests ?? [:])
        secret = key
        distribution = new?.distribution ?? old?.distribution
        added = after.keys.filter { before[$0] == nil }.sorted()
        changed = after.filter { key, digest in before[key].map { $0 != digest } ?? false }.keys.sorted()
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
