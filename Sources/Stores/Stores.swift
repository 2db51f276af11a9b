package import Distribution
package import Kube
package import Observability
package import Planning

/// Where targets are kept: a Kubernetes API, or a folder of manifests.
package protocol SecretStore: Sendable {
    /// All targets of `scope` that carry our label.
    func list(_ scope: Scope) async throws(StoreError) -> [ObservedTarget]

    /// Lists, then follows changes until cancelled. `failed` hears of faults; the store goes on trying.
    func watch(_ scope: Scope, _ observer: WatchHandler<ObservedTarget>) async

    /// The Secret of that name, whoever's it is; nil if there is none.
    func observe(_ key: ObjectKey) async throws(StoreError) -> ObservedTarget?

    /// - Throws: `.changed` if there is such a Secret already.
    func create(_ target: DesiredTarget) async throws(StoreError) -> ObservedTarget

    /// - Throws: `.changed` if it is not as it was observed.
    func update(_ target: ObservedTarget, _ patch: TargetPatch) async throws(StoreError) -> ObservedTarget

    /// Replaces a Secret whose type or content cannot be changed. Others' labels, annotations, owner references and
    /// finalizers are carried over.
    ///
    /// - Throws: `.changed` if it is not as it was observed; `.cannotReplace` if the old one stays.
    func recreate(_ target: ObservedTarget, as desired: DesiredTarget) async throws(StoreError) -> ObservedTarget

    /// - Throws: `.changed` if it is not as it was observed.
    func delete(_ target: ObservedTarget) async throws(StoreError)

    /// A distribution is gone, or has another target: what is remembered to finish a replacement for it is of no use.
    ///
    /// - Parameters:
    ///   - distribution: its uid.
    ///   - target: what it has now; nil: it is gone, or has none.
    func forget(_ distribution: String, unless target: ObjectKey?)
}

extension SecretStore {
    package func forget(_ distribution: String, unless target: ObjectKey?) {}
}

/// Where distributions are kept: a Kubernetes API, or a folder of manifests.
package protocol DistributionStore: Sendable {
    func list(_ scope: Scope) async throws(StoreError) -> [SecretsDistribution]

    /// Lists, then follows changes until cancelled.
    func watch(_ scope: Scope, _ observer: WatchHandler<SecretsDistribution>) async

    /// The distribution as it is now, not as a cache has it; nil if there is none.
    func current(_ key: ObjectKey) async throws(StoreError) -> SecretsDistribution?

    /// What is wrong with what was read, besides the distributions' own problems.
    func faults() async -> [String]

    /// - Returns: the distribution as it was stored, and what the answer told of its definition.
    func write(
        _ status: StoredStatus, to distribution: SecretsDistribution, on definition: DefinitionTraits
    ) async throws(StoreError) -> (SecretsDistribution, DefinitionTraits)
}

/// Who is told of a feed's events and faults.
package struct WatchHandler<Item: Sendable>: Sendable {
    package let event: @Sendable (FeedEvent<Item>) async -> Void
    package let failed: @Sendable (StoreError) async -> Void
    /// The feed works again after a failure, also if nothing has changed meanwhile.
    package let recovered: @Sendable () async -> Void
    /// The list failed as it does because of one object that cannot be read: after `failed`.
    package let unlistable: @Sendable (StoreError) async -> Void
    /// Beats while the feed goes on, also while nothing changes.
    package let heartbeat: Heartbeat?

    package init(
        event: @escaping @Sendable (FeedEvent<Item>) async -> Void,
        failed: @escaping @Sendable (StoreError) async -> Void,
        recovered: @escaping @Sendable () async -> Void = {},
        unlistable: @escaping @Sendable (StoreError) async -> Void = { _ in }, heartbeat: Heartbeat? = nil
    ) {
        self.event = event
        self.failed = failed
        self.recovered = recovered
        self.unlistable = unlistable
        self.heartbeat = heartbeat
    }
}

/// Why a store did not do what it was asked for. The cases are what the agent does about it.
package enum StoreError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The object is not as it was observed: look again.
    case changed(String)
    /// The role lacks a permission, the namespace is going, or admission forbids it: retried each minute.
    case forbidden(String)
    /// The object is refused as it is, by the server or by admission: retried each minute.
    case rejected(String)
    /// A Secret that has to be replaced stays.
    case cannotReplace(String)
    /// Retried with backoff, after `retryAfter` at the earliest.
    case unavailable(String, retryAfter: Duration?)
    /// A list that fails as a whole, perhaps because of one of its objects.
    case unlistable(String)
    /// A write that may have been carried out, or still may be: look at the object, and then retry as above.
    case unknownOutcome(String, retryAfter: Duration?)

    package var description: String {
        switch self {
        case .changed(let text), .forbidden(let text), .rejected(let text), .cannotReplace(let text),
            .unlistable(let text), .unavailable(let text, _), .unknownOutcome(let text, _):
            text
        }
    }

    /// It is tried again without anything having changed.
    package var isRetried: Bool {
        switch self {
        case .changed, .unavailable, .unlistable, .unknownOutcome: true
        case .forbidden, .rejected, .cannotReplace: false
        }
    }

    /// As a status gives it.
    package var refusal: Refusal {
        let reason: Reason = if case .cannotReplace = self { .typeChangeRefused } else { .writeFailed }
        return Refusal(reason, "\(description.prefix(1).uppercased())\(description.dropFirst()).")
    }
}
