package import Distribution
package import Kube
package import MountWatch
package import Planning
import Snapshots
package import Stores

/// An event that changes the cache.
package enum CacheEvent: Sendable {
    case mount(MountReading)
    case policy(PolicyReading)
    /// The versions of the vault's objects were read.
    case versions(VaultVersions)
    case distributions(Scope, ListWatchEvent<SecretsDistribution>)
    case targets(Scope, ListWatchEvent<ObservedTarget>)
    /// The namespaces that cluster distributions select from.
    case namespaces(ListWatchEvent<Namespace>)
    /// The targets that could be listed, by namespace, when the list of the whole scope fails. All other targets are
    /// read by name.
    case targetsInParts(Scope, [String: [ObservedTarget]], because: StoreError)
    case distributionsWatch(Scope, ListWatchStateChange)
    case targetsWatch(Scope, ListWatchStateChange)
    case namespacesWatch(ListWatchStateChange)
}

/// A change in the state of a list and watch.
package enum ListWatchStateChange: Sendable {
    /// The objects cannot be listed or cannot be watched. The cached objects are kept.
    case failed(StoreError)
    /// The list and watch work again.
    case recovered
    /// The objects are about to be listed again.
    case relisting
}

/// The changes that an event made to the cache.
struct CacheChange: Sendable {
    /// Targets that must be compared.
    var targets: Set<ObjectKey> = []
    /// Scopes in which all targets must be compared.
    var scopes: Set<Scope> = []
    /// Distributions that may have no target of their own, which their statuses must report.
    var statuses: [ObjectKey] = []
    /// Whether the namespaces that cluster distributions select have changed; `targets` has the targets there.
    var hasOtherNamespaces = false
    /// A distribution before and after an event about it alone.
    var updated: (old: SecretsDistribution, new: SecretsDistribution)?
    /// Targets whose comparison was requested by `forceSync`, by distribution.
    var requested: [ObjectKey: Set<ObjectKey>] = [:]
    /// Distributions that were deleted.
    var removed: [SecretsDistribution] = []
    /// Distributions that a list or a response replaced by another object or an older version.
    var replaced: [ObjectKey] = []
    /// Distributions that were recreated, or whose target changed: the old version, and the new target. `target` is nil
    /// if the distribution was recreated or names no target any more.
    var retargeted: [(old: SecretsDistribution, target: ObjectKey?)] = []
    /// Targets that were deleted.
    var lost: [ObjectKey] = []
    /// Targets that were changed or removed, and the field manager that did it.
    var foreignChanges: [(target: ObjectKey, manager: String?)] = []
    /// Targets that were changed or removed since they were known, as a list shows.
    var changedBeforeList: [ObjectKey] = []
    /// The changes of the mount's content.
    var mount: MountState.Change?
    /// Whether the policy changed.
    var isPolicyNew = false
    /// Whether the agent's readiness may have changed.
    var affectsReadiness = false
    /// Whether the event was a complete list.
    var isList = false
    /// Messages for the log.
    var logLines: [LogLine] = []

    enum LogLine: Sendable {
        /// The cluster distributions, or the namespaces, cannot be listed.
        case clusterSkipped(StoreError)
        case scopeSkipped(Scope, StoreError)
        case scopeServed(Scope)
        case unreadable(Resource, ObjectKey, reason: String)
        /// One of our Secrets that exceeds a limit or cannot be read in part, and why.
        case unusable(ObjectKey, String)
        case readByName(Scope, namespaces: [String], StoreError)
    }
}
