/// What becomes of a target that no distribution describes any more.
///
/// The owner reference that `deletionPolicy: Delete` puts on a target says so after a restart too. It must name the
/// distribution that the target was written for: a reference that somebody else put there is no reason to delete.
package enum Pruning: Sendable {
    case keep
    /// Its distribution is gone, or names another target, and its policy was `Delete`.
    case delete(ObservedTarget, of: ObjectKey)
    /// Its distribution names another target and now retains: only our owner reference goes.
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
        guard let distribution = find(key), !distribution.isBeingDeleted else {
            self = .delete(target, of: key)
            return
        }
        // One that cannot be read says nothing about where its target went; one that describes this target, made anew
        // perhaps, needs it.
        guard distribution.belongs(to: managedBy, onlyAssigned: onlyAssigned), distribution.refusal == nil,
            distribution.target != target.key
        else {
            self = .keep
            return
        }
        // Another object of the same name: the one that this target was made for is gone.
        let isGone = distribution.uid != owner.uid
        self =
            isGone || distribution.spec.deletionPolicy == .delete
            ? .delete(target, of: key) : .release(target, TargetPatch(releasing: target))
    }
}
