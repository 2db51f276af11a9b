package import Distribution
package import Kube
package import Observability
package import Planning

/// Stores targets: in a Kubernetes API, or in a folder of manifests.
package protocol SecretStore: Sendable {
    /// All targets of `scope` with our label.
    func list(_ scope: Scope) async throws(StoreError) -> [ObservedTarget]

    /// Lists, then watches until cancelled. Reports failures to `failed` and retries.
    func watch(_ scope: Scope, _ observer: WatchHandler<ObservedTarget>) async

    /// The Secret of that name, of any owner; nil if there is none.
    func observe(_ key: ObjectKey) async throws(StoreError) -> ObservedTarget?

    /// Creates a Secret.
    ///
    /// - Throws: `.changed` if the Secret already exists.
    func create(_ target: DesiredTarget) async throws(StoreError) -> ObservedTarget

    /// Updates a Secret.
    ///
    /// - Throws: `.changed` if the Secret has changed since it was observed.
    func update(_ target: ObservedTarget, _ patch: TargetPatch) async throws(StoreError) -> ObservedTarget

    /// Applies a patch that removes our owner reference from a Secret that no distribution describes any more.
    ///
    /// - Throws: `.changed` if the Secret has changed since it was observed.
    func release(_ target: ObservedTarget, _ patch: TargetPatch) async throws(StoreError) -> ObservedTarget

    /// Replaces a Secret whose type or content cannot be updated. Labels, annotations, owner references and finalizers
    /// of others are copied.
    ///
    /// - Throws: `.changed` if the Secret has changed since it was observed; `.cannotReplace` if it cannot be replaced.
    func recreate(_ target: ObservedTarget, as desired: DesiredTarget) async throws(StoreError) -> ObservedTarget

    /// Deletes a Secret.
    ///
    /// - Throws: `.changed` if the Secret has changed since it was observed.
    func delete(_ target: ObservedTarget) async throws(StoreError)

    /// The generated values of a Secret that was deleted to be replaced, if the replacement was interrupted; otherwise nil.
    func savedValues(of key: ObjectKey) async throws(StoreError) -> SavedValues?

    /// Deletes the saved values if the Secret has a value for each of them.
    func forgetSavedValues(of target: ObservedTarget) async

    /// Why a target cannot be stored here, whatever is there now; nil if it can.
    func refusal(of target: DesiredTarget) -> Refusal?

    /// Forgets the metadata that was kept to finish a replacement for a distribution, because the distribution was
    /// deleted or has another target.
    ///
    /// - Parameters:
    ///   - distribution: the uid of the distribution.
    ///   - target: its current target; nil if it was deleted or has no target.
    func forget(_ distribution: String, unless target: ObjectKey?)
}

extension SecretStore {
    package func release(_ target: ObservedTarget, _ patch: TargetPatch) async throws(StoreError) -> ObservedTarget {
        try await update(target, patch)
    }

    package func savedValues(of key: ObjectKey) async throws(StoreError) -> SavedValues? { nil }

    package func forgetSavedValues(of target: ObservedTarget) async {}

    package func refusal(of target: DesiredTarget) -> Refusal? { nil }

    package func forget(_ distribution: String, unless target: ObjectKey?) {}
}

/// Stores distributions: in a Kubernetes API, or in a folder of manifests. Scope `.cluster` has those that belong to no
/// namespace.
package protocol DistributionStore: Sendable {
    func list(_ scope: Scope) async throws(StoreError) -> [SecretsDistribution]

    /// Lists, then watches until cancelled.
    func watch(_ scope: Scope, _ observer: WatchHandler<SecretsDistribution>) async

    /// The namespaces that cluster distributions select from.
    func listNamespaces() async throws(StoreError) -> [Namespace]

    /// One namespace, read from the store and not from a cache; nil if it does not exist.
    func namespace(_ name: String) async throws(StoreError) -> Namespace?

    /// Lists the namespaces, then watches them until cancelled.
    func watchNamespaces(_ observer: WatchHandler<Namespace>) async

    /// The current distribution, read from the store and not from a cache; nil if there is none.
    func current(_ key: ObjectKey) async throws(StoreError) -> SecretsDistribution?

    /// Problems of the source, such as files that cannot be parsed, besides the distributions' own problems.
    func faults() async -> [String]

    /// Writes a status.
    ///
    /// - Returns: the stored distribution, and the traits of its definition that the response showed.
    func write(
        _ status: StoredStatus, to distribution: SecretsDistribution, on definition: DefinitionTraits
    ) async throws(StoreError) -> (SecretsDistribution, DefinitionTraits)
}

/// The callbacks of a list and watch.
package struct WatchHandler<Item: Sendable>: Sendable {
    package let event: @Sendable (ListWatchEvent<Item>) async -> Void
    package let failed: @Sendable (StoreError) async -> Void
    /// Called when the list and watch work again after a failure, even if nothing has changed.
    package let recovered: @Sendable () async -> Void
    /// Called after `failed` if the list may have failed because one object cannot be read.
    package let unlistable: @Sendable (StoreError) async -> Void
    /// Beats while the list and watch make progress, even if nothing changes.
    package let heartbeat: Heartbeat?

    package init(
        event: @escaping @Sendable (ListWatchEvent<Item>) async -> Void,
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

/// Why a request to a store failed. Each case corresponds to the agent's reaction.
package enum StoreError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The object has changed since it was observed: read it again.
    case changed(String)
    /// The role lacks a permission, the namespace is being deleted, or admission forbids it: retried each minute.
    case forbidden(String)
    /// The server or admission rejects the object: retried each minute.
    case rejected(String)
    /// A Secret that must be replaced cannot be: retried each minute.
    case cannotReplace(String)
    /// Retried with backoff, after `retryAfter` at the earliest.
    case unavailable(String, retryAfter: Duration?)
    /// There is no connection to the server. Retried with backoff.
    case unreachable(String)
    /// A list fails as a whole, maybe because of one of its objects.
    case unlistable(String)
    /// A write may have succeeded, or may still succeed: read the object, then retry like `.unavailable`.
    case unknownOutcome(String, retryAfter: Duration?)

    package var description: String {
        switch self {
        case .changed(let text), .forbidden(let text), .rejected(let text), .cannotReplace(let text),
            .unlistable(let text), .unreachable(let text), .unavailable(let text, _), .unknownOutcome(let text, _):
            text
        }
    }

    /// Whether the request is retried with backoff even if nothing changed.
    package var isRetried: Bool {
        switch self {
        case .changed, .unavailable, .unreachable, .unlistable, .unknownOutcome: true
        case .forbidden, .rejected, .cannotReplace: false
        }
    }

    /// The refusal for the distribution's status.
    package var refusal: Refusal {
        let reason: Reason = if case .cannotReplace = self { .typeChangeRefused } else { .writeFailed }
        return Refusal(reason, "\(description.prefix(1).uppercased())\(description.dropFirst()).")
    }
}
