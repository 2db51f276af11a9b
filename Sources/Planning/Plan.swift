package import Distribution
package import Kube
package import Values

/// The action that brings one target in sync.
package indirect enum Plan: Sendable {
    case unchanged
    case create(DesiredTarget)
    /// Write the difference.
    case update(ObservedTarget, TargetPatch)
    /// Delete and create: the type or an immutable Secret's data differ, which cannot be updated.
    case recreate(ObservedTarget, as: DesiredTarget)
    /// Do not change it.
    case refuse(Refusal)

    /// Compares the desired and the observed target; pure.
    ///
    /// - Parameters:
    ///   - observed: nil if there is no such Secret.
    ///   - held: why `desired` must not be written; nil if it may.
    package init(desired: DesiredTarget, observed: ObservedTarget?, managedBy: String, held: Refusal? = nil) {
        let held = held ?? desired.generated.refusal
        guard let observed else {
            self = held.map(Plan.refuse) ?? .create(desired)
            return
        }
        guard observed.managedBy == managedBy else {
            let owner = observed.managedBy.map { "is managed by \(shown($0))" } ?? "is not managed by this program"
            self = .refuse(
                Refusal(
                    .notManaged,
                    "Secret \(observed.key.name) exists and \(owner), expected annotation"
                        + " \(WellKnownKeys.managedBy): \(managedBy); remove or rename it, or annotate it to hand it"
                        + " over."))
            return
        }
        guard !observed.isBeingDeleted else {
            self = .refuse(
                Refusal(.writeFailed, "Secret \(observed.key.name) is being deleted; it will be recreated."))
            return
        }
        if let held {
            self = .refuse(held)
            return
        }
        if let excess = observed.excess {
            self = .refuse(
                Refusal(
                    .writeFailed,
                    "Secret \(observed.key.name) \(excess); remove what other writers added, or delete the Secret."))
            return
        }
        let patch = TargetPatch(from: observed, to: desired)
        if observed.type != desired.type || (observed.isImmutable && patch.changesContent) {
            self = .recreate(observed, as: desired)
        } else {
            self = patch.isEmpty ? .unchanged : .update(observed, patch)
        }
    }
}

extension Plan {
    package var isWrite: Bool {
        switch self {
        case .unchanged, .refuse: false
        case .create, .update, .recreate: true
        }
    }
}

/// The difference between an observed and a desired target. It does not touch labels, annotations and owner references
/// of others, but it removes data keys that the distribution does not name.
package struct TargetPatch: Sendable {
    package private(set) var set: [String: SecretValue] = [:]
    package private(set) var removed: [String] = []
    package private(set) var labels: [String: String] = [:]
    /// With `mountGeneration` if the content changes.
    package private(set) var annotations: [String: String] = [:]
    /// All owner references, including those of others, if ours change: a merge patch replaces the whole list.
    package private(set) var owners: [OwnerReference]?
    /// Values that the Secret already has and keeps, by data key; nil if not all of them are known.
    package private(set) var kept: [String: SecretValue]?

    package var changesContent: Bool { !set.isEmpty || !removed.isEmpty }

    package var isEmpty: Bool { !changesContent && labels.isEmpty && annotations.isEmpty && owners == nil }

    init(from observed: ObservedTarget, to desired: DesiredTarget) {
        set = desired.data.filter { key, value in observed.digests[key] != value.digest }
        kept = desired.data.filter { key, value in observed.digests[key] == value.digest }
        let stored = desired.storedKeys
        if !stored.isEmpty { kept = nil }
        removed = observed.digests.keys.filter { desired.data[$0] == nil && !stored.contains($0) }.sorted()
        labels = desired.labels.filter { observed.labels[$0.key] != $0.value }
        annotations = desired.annotations.filter { observed.annotations[$0.key] != $0.value }
        if changesContent { annotations[WellKnownKeys.mountGeneration] = desired.generation }
        let owners = desired.owners(keeping: observed)
        if owners != observed.owners { self.owners = owners }
    }

    /// Removes from the patch all keys that `isAllowed` rejects, and the generation.
    mutating func restrict(to isAllowed: (String) -> Bool) {
        set = set.filter { isAllowed($0.key) }
        removed = removed.filter(isAllowed)
        annotations[WellKnownKeys.mountGeneration] = nil
        // The kept values were written by another agent; only their digests are known.
        kept = nil
    }

    /// Removes the record of new generated values, which the patch does not have any more.
    mutating func dropGenerated() { annotations[WellKnownKeys.generated] = nil }

    /// Sets the generation that the content comes from.
    mutating func name(_ generation: String) { annotations[WellKnownKeys.mountGeneration] = generation }

    /// Removes our owner reference, so that the target is kept when its former distribution is deleted.
    init(releasing observed: ObservedTarget) {
        owners = observed.owners.filter { !$0.isOurs }
    }
}

extension DesiredTarget {
    /// The owner references of others, unchanged, and the desired one of ours.
    package func owners(keeping observed: ObservedTarget) -> [OwnerReference] {
        var owners = observed.owners.filter { !$0.isOurs || $0.uid == owner?.uid }
        if let owner, !owners.contains(where: { $0.uid == owner.uid }) { owners.append(owner) }
        return owners
    }
}
