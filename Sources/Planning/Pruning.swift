package import Distribution

/// The action for a target that no distribution describes any more.
///
/// `deletionPolicy: Delete` sets an owner reference on the target, which shows the policy after a restart too. A target
/// is deleted only if the reference names the distribution that the target was written for, and if the mark
/// (`ObservedTarget.isOriginal`) belongs to this Secret. A reference that another writer set, or a copy of a Secret,
/// does not lead to a deletion.
///
/// The target of a cluster distribution is also removed or released when its namespace is not selected any more.
package enum Pruning: Sendable {
    case keep
    /// Delete the target: its distribution was deleted or describes other targets, and its policy was `Delete`.
    case delete(ObservedTarget, of: ObjectKey)
    /// Remove our owner reference, so that the target is kept: its distribution describes other targets and now retains,
    /// or is being deleted without its dependents.
    case release(ObservedTarget, TargetPatch)

    /// - Parameters:
    ///   - target: a target that no distribution claims.
    ///   - find: returns the distribution with a key, of any instance, bound to the target's namespace if it selects it;
    ///     nil if there is none.
    package init(
        of target: ObservedTarget, managedBy: String, onlyAssigned: Bool, find: (ObjectKey) -> SecretsDistribution?
    ) {
        guard target.managedBy == managedBy, !target.isBeingDeleted, let owner = target.distributionOwner,
            let key = target.distribution,
            key == ObjectKey(namespace: owner.isOfCluster ? "" : target.namespace(of: key), name: owner.name)
        else {
            self = .keep
            return
        }
        // Without the mark, or with another Secret's mark, it is a copy, or was written by a version without marks.
        let removal: Pruning = target.isOriginal ? .delete(target, of: key) : .keep
        guard let distribution = find(key) else {
            self = removal
            return
        }
        // If another object has the same name, the distribution of this target was deleted.
        let isGone = distribution.uid != owner.uid
        if distribution.isBeingDeleted, !isGone {
            // In an orphaning delete, the garbage collector removes our reference too. Until the last finalizer is
            // removed, the distribution still exists.
            self = distribution.orphansTarget ? .release(target, TargetPatch(releasing: target)) : .keep
            return
        }
        // Keep the target if the distribution is invalid, because its target is unknown, or if it describes this
        // target, for example after it was recreated.
        guard distribution.belongs(to: managedBy, onlyAssigned: onlyAssigned), distribution.refusal == nil,
            distribution.target != target.key
        else {
            self = .keep
            return
        }
        self =
            isGone || distribution.spec.deletionPolicy == .delete
            ? removal : .release(target, TargetPatch(releasing: target))
    }
}

extension Pruning {
    package var isWrite: Bool { if case .keep = self { false } else { true } }
}

extension ObservedTarget {
    /// The namespace of the distribution that may own the target: a path without a namespace may be of any.
    fileprivate func namespace(of distribution: ObjectKey) -> String {
        key.namespace == ObjectKey.outputNamespace ? distribution.namespace : key.namespace
    }
}
