package import Distribution
package import Kube
package import MountWatch
package import Planning
import Snapshots
package import Stores

/// What the cache is told.
package enum CacheEvent: Sendable {
    case mount(MountReading)
    case policy(PolicyReading)
    case distributions(Scope, FeedEvent<SecretsDistribution>)
    case targets(Scope, FeedEvent<ObservedTarget>)
    /// What could be listed, by namespace, of a scope whose list fails as a whole. All other targets are read by name.
    case targetsInParts(Scope, [String: [ObservedTarget]], because: StoreError)
    case feedOfDistributions(Scope, FeedChange)
    case feedOfTargets(Scope, FeedChange)
}

/// What happens to a list and watch.
package enum FeedChange: Sendable {
    /// The objects cannot be listed, or not be watched. What is known stays.
    case failed(StoreError)
    /// Works again.
    case recovered
    /// Is about to list again.
    case relisting
}

/// What an event has changed, for whoever reconciles and reports.
struct CacheChange: Sendable {
    /// Targets to be compared.
    var targets: Set<ObjectKey> = []
    /// Scopes of which everything is to be compared.
    var scopes: Set<Scope> = []
    /// Distributions that have no target of their own and whose statuses have to say so, perhaps.
    var statuses: [ObjectKey] = []
    /// A distribution before and after an event about it alone.
    var updated: (old: SecretsDistribution, new: SecretsDistribution)?
    /// Targets whose comparison somebody asks for, by distribution.
    var requested: [ObjectKey: Set<ObjectKey>] = [:]
    /// Distributions that are gone.
    var removed: [SecretsDistribution] = []
    /// Distributions that were recreated, or are an older version than was known.
    var replaced: [ObjectKey] = []
    /// Distributions that were replaced by others of the same name, or have another target: as they were, and the target
    /// that the same distribution has now.
    var retargeted: [(old: SecretsDistribution, target: ObjectKey?)] = []
    /// Targets that are gone.
    var lost: [ObjectKey] = []
    /// Targets that others changed or removed, and the field manager.
    var disturbed: [(target: ObjectKey, manager: String?)] = []
    /// The mount's new content.
    var mount: MountState.Change?
    /// Another policy is in force.
    var isPolicyNew = false
    /// What the agent has to know before it is ready may have changed.
    var affectsReadiness = false
    /// A whole list was taken in.
    var isList = false
    var notes: [Note] = []

    /// What an operator should hear of.
    enum Note: Sendable {
        case scopeSkipped(Scope, StoreError)
        case scopeServed(Scope)
        case unreadable(Resource, ObjectKey, reason: String)
        /// A Secret of ours, with what there is too much of.
        case unusable(ObjectKey, String)
        case readByName(Scope, namespaces: [String], StoreError)
    }
}
