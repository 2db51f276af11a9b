package import Distribution
package import Kube
package import KubeRuntime
package import Observability
package import Planning

/// Distributions in a Kubernetes API.
package struct KubernetesDistributionStore: DistributionStore {
    private let client: any KubeTransport
    private let logger: Logger
    private let meter: WatchMeter?
    private let optional: Duration
    private let large = LargeObjects()
    private let written = WrittenVersions()

    /// - Parameter optional: how often to look for cluster distributions while the server or the role does not allow them.
    package init(
        client: any KubeTransport, logger: Logger, meter: WatchMeter? = nil, optional: Duration = .seconds(60)
    ) {
        self.client = client
        self.logger = logger
        self.meter = meter
        self.optional = optional
    }

    package func list(_ scope: Scope) async throws(StoreError) -> [SecretsDistribution] {
        if case .cluster = scope { return try await list(ClusterDistributions.self, scope) }
        return try await list(NamespacedDistributions.self, scope)
    }

    private func list<Kind: DistributionKind>(
        _ kind: Kind.Type, _ scope: Scope
    ) async throws(StoreError) -> [SecretsDistribution] {
        let list: (items: [DistributionObject<Kind>], unreadable: [UnreadableItem]) =
            try await client.listAll(Kind.resource, scope, absence: Self.absence(of: kind))
        let standIns = list.unreadable.compactMap { SecretsDistribution(unreadable: $0, isCluster: Kind.isCluster) }
        guard standIns.count == list.unreadable.count else {
            throw .rejected("cannot list \(Kind.resource.plural): one of them cannot be read, and has no name")
        }
        large.keep(only: Set(list.items.map(\.distribution.key)), in: scope)
        standIns.forEach(recordUnreadable)
        return list.items.map(record) + standIns
    }

    /// The error if the resource definition is not installed. Only that of cluster distributions is optional.
    private static func absence(of kind: (some DistributionKind).Type) -> StoreError? {
        kind.isCluster ? .forbidden("the resource definition \(kind.resource.plural) is not installed") : nil
    }

    package func listNamespaces() async throws(StoreError) -> [Namespace] {
        let list: (items: [NamespaceObject], unreadable: [UnreadableItem]) =
            try await client.listAll(.namespaces, .cluster)
        return list.items.map(\.namespace)
    }

    package func namespace(_ name: String) async throws(StoreError) -> Namespace? {
        do {
            let page = try await client.send(
                .list(.namespaces, only: name), decoding: ListPage<NamespaceObject>.self)
            return page.items.first?.namespace
        } catch {
            throw StoreError(error)
        }
    }

    package func watchNamespaces(_ observer: WatchHandler<Namespace>) async {
        let watcher = ObjectWatcher<NamespaceObject>(
            client, .init(.namespaces), logger: logger, heartbeat: observer.heartbeat, meter: meter)
        await watcher.run(observer, \.namespace)
    }

    @Sendable private func record<Kind: DistributionKind>(_ object: DistributionObject<Kind>) -> SecretsDistribution {
        large.record(object.distribution.key, size: object.size)
        return object.distribution
    }

    /// The size of an unreadable object is unknown, so the maximum is assumed.
    private func recordUnreadable(_ standIn: SecretsDistribution) {
        large.record(standIn.key, size: Request.largestObject)
    }

    package func watch(_ scope: Scope, _ observer: WatchHandler<SecretsDistribution>) async {
        if case .cluster = scope { return await watch(ClusterDistributions.self, scope, observer) }
        await watch(NamespacedDistributions.self, scope, observer)
    }

    private func watch<Kind: DistributionKind>(
        _ kind: Kind.Type, _ scope: Scope, _ observer: WatchHandler<SecretsDistribution>
    ) async {
        let watcher = ObjectWatcher<DistributionObject<Kind>>(
            client, .init(Kind.resource, namespace: scope.namespace),
            policy: Kind.isCluster ? .optional(optional) : .init(),
            logger: logger, heartbeat: observer.heartbeat, meter: meter, written: written)
        await watcher.run(
            observer, record,
            standIn: { item in
                let standIn = SecretsDistribution(unreadable: item, isCluster: Kind.isCluster)
                if let standIn { recordUnreadable(standIn) }
                return standIn
            },
            gone: { object in
                large.forget(object.distribution.key)
                return object.distribution
            },
            listed: { large.keep(only: Set($0.map(\.key)), in: scope) }, absence: Self.absence(of: kind))
    }

    package func faults() async -> [String] { [] }

    package func current(_ key: ObjectKey) async throws(StoreError) -> SecretsDistribution? {
        if key.namespace.isEmpty { return try await current(ClusterDistributions.self, key) }
        return try await current(NamespacedDistributions.self, key)
    }

    private func current<Kind: DistributionKind>(
        _ kind: Kind.Type, _ key: ObjectKey
    ) async throws(StoreError) -> SecretsDistribution? {
        do {
            let request = Request.get(
                Kind.resource, namespace: Kind.isCluster ? nil : key.namespace, name: key.name)
            return record(
                try await client.send(
                    request.expecting(responseSize: large[key]), decoding: DistributionObject<Kind>.self))
        } catch {
            if case .notFound = error.kind {
                large.forget(key)
                return nil
            }
            throw StoreError(error)
        }
    }

    /// Writes to the status subresource. If it does not exist, or the role does not allow it, writes to the resource
    /// itself.
    ///
    /// The older definition has no subresource (404), and an older role may not allow it (403, which the server checks
    /// first). If there is a subresource, the server ignores a status that is written to the resource, which its
    /// response shows.
    package func write(
        _ status: StoredStatus, to distribution: SecretsDistribution, on definition: DefinitionTraits
    ) async throws(StoreError) -> (SecretsDistribution, DefinitionTraits) {
        var refused: KubeError?
        if definition.hasStatusSubresource {
            do {
                let stored = try await patch(status, distribution, subresource: "status")
                written.record(uid: stored.uid, resourceVersion: stored.resourceVersion)
                return (stored, traits(of: stored, after: status, definition, hasStatusSubresource: true))
            } catch {
                switch error.kind {
                case .notFound, .forbidden: refused = error
                default: throw StoreError(error)
                }
            }
        }
        let stored: SecretsDistribution
        do {
            stored = try await patch(status, distribution, subresource: nil)
        } catch {
            throw StoreError(refused.flatMap { $0.isForbidden ? $0 : nil } ?? error)
        }
        // 404 proves that there is no subresource. After 403 there may be one, in which case the server ignored this
        // write: the response is conclusive only if the resource had another status before.
        let isStored = stored.status.isWritten(as: status)
        let isConclusive = refused?.isForbidden != true || !distribution.status.isWritten(as: status)
        if isStored, isConclusive {
            written.record(uid: stored.uid, resourceVersion: stored.resourceVersion)
            return (stored, traits(of: stored, after: status, definition, hasStatusSubresource: false))
        }
        if let refused { throw StoreError(refused) }
        // The definition now has a subresource.
        return try await write(status, to: stored, on: .current)
    }

    /// What the response to a write of `status` shows about the definition.
    private func traits(
        of stored: SecretsDistribution, after status: StoredStatus, _ definition: DefinitionTraits,
        hasStatusSubresource: Bool
    ) -> DefinitionTraits {
        DefinitionTraits(
            hasStatusSubresource: hasStatusSubresource, keepsConditions: stored.status.ready != nil,
            keepsSources: status.sources.isEmpty ? definition.keepsSources : !stored.status.sources.isEmpty)
    }

    private func patch(
        _ status: StoredStatus, _ distribution: SecretsDistribution, subresource: String?
    ) async throws(KubeError) -> SecretsDistribution {
        distribution.isCluster
            ? try await patch(ClusterDistributions.self, status, distribution, subresource: subresource)
            : try await patch(NamespacedDistributions.self, status, distribution, subresource: subresource)
    }

    private func patch<Kind: DistributionKind>(
        _ kind: Kind.Type, _ status: StoredStatus, _ distribution: SecretsDistribution, subresource: String?
    ) async throws(KubeError) -> SecretsDistribution {
        let request = Request.mergePatch(
            Kind.resource, namespace: Kind.isCluster ? nil : distribution.key.namespace, name: distribution.key.name,
            subresource: subresource, status.mergePatch(of: distribution))
        return record(
            try await client.send(
                request.expecting(responseSize: large[distribution.key]), decoding: DistributionObject<Kind>.self))
    }
}

extension StoredStatus {
    /// Whether it equals the written status in the fields that every definition keeps.
    fileprivate func isWritten(as status: StoredStatus) -> Bool {
        statusText == status.statusText && lastUpdated == status.lastUpdated
            && (ready == nil || ready == status.ready)
    }
}

extension KubeError {
    fileprivate var isForbidden: Bool { if case .forbidden = kind { true } else { false } }
}
