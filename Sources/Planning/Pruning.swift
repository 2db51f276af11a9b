package import Distribution

/// What becomes of a target that no distribution describes any more.
///
/// The owner reference that `deletionPolicy: Delete` puts on a target says so after a restart too. It must name the
/// distribution that the target was written for, and the mark must be of this very Secret: a reference that somebody
/// else put there, or a copy that somebody made, is no reason to delete.
package enum Pruning: Sendable {
    case keep
    /// Its distribution is gone, or names another target, and its policy was `Delete`.
    case delete(ObservedTarget, of: ObjectKey)
    /// It stays when its distribution goes: that names another target and now retains, or is deleted without its
    /// dependents. Only our owner reference goes.
    case release(ObservedTarget, TargetPatch)

    /// - Parameters:
    ///   - target: one that no distribution claims.
    ///   - find: the distribution of that key, if there is one, whoever it belongs to.
    package init(
        of target: ObservedTarget, managedBy: String, onlyAssigned: Bool, find: (ObjectKey) -> SecretsDistribution?
    ) {
        guard target.managedBy == managedBy, !target.isBeingDeleted, let owner = target.distributionOwner,
            let key = target.distribution, key == ObjectKey(namespace: target.key.namespace, name: owner.name)
        else {
            self = .keep
            return
        }
        // Without the mark, or with another Secret's, it is a copy or was written before there were marks.
        let removal: Pruning = target.isOriginal ? .delete(target, of: key) : .keep
        guard let distribution = find(key) else {
            self = removal
            return
        }
        // Another object of the same name: the one that this target was made for is gone.
        let isGone = distribution.uid != owner.uid
        if distribution.isBeingDeleted, !isGone {
            // The garbage collector takes our reference off as well before an orphaning delete is done; until any other
            // finalizer has gone the distribution is still there.
            self = distribution.orphansTarget ? .release(target, TargetPatch(releasing: target)) : .keep
            return
        }
        // One that cannot be read says nothing about where its target went; one that describes this target, recreated
        // perhaps, needs it.
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
