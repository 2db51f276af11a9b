import Distribution

/// What the API server would answer to a write; versions and uids are the caller's.
extension ObservedTarget {
    /// A new Secret.
    ///
    /// - Parameter old: one in whose place it comes; what others put there is carried over.
    package init(creating desired: DesiredTarget, inPlaceOf old: ObservedTarget? = nil, uid: String) {
        var annotations = (old?.annotations ?? [:]).merging(desired.annotations) { $1 }
        annotations[WellKnownKeys.mountGeneration] = desired.generation
        self.init(
            key: desired.key, uid: uid, resourceVersion: "", type: desired.type,
            digests: desired.data.mapValues(\.digest), labels: (old?.labels ?? [:]).merging(desired.labels) { $1 },
            annotations: annotations,
            owners: (old?.owners ?? []).filter { !$0.isOurs } + (desired.owner.map { [$0] } ?? []))
    }

    /// This Secret with `patch` in it.
    package func applying(_ patch: TargetPatch) -> ObservedTarget {
        var next = self
        next.digests.merge(patch.set.mapValues(\.digest)) { $1 }
        for key in patch.removed { next.digests[key] = nil }
        next.labels.merge(patch.labels) { $1 }
        next.annotations.merge(patch.annotations) { $1 }
        if let owners = patch.owners { next.owners = owners }
        return next
    }
}
