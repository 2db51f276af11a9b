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
    private let large = LargeObjects()

    package init(client: any KubeTransport, logger: Logger, meter: WatchMeter? = nil) {
        self.client = client
        self.logger = logger
        self.meter = meter
    }

    package func list(_ scope: Scope) async throws(StoreError) -> [SecretsDistribution] {
        let list: (items: [DistributionObject], unreadable: [UnreadableItem]) =
            try await client.listAll(.secretsDistributions, scope)
        let standIns = list.unreadable.compactMap(SecretsDistribution.init(unreadable:))
        guard standIns.count == list.unreadable.count else {
            throw .rejected("cannot list secretsdistributions: one of them cannot be read, and has no name")
        }
        large.keep(only: Set(list.items.map(\.distribution.key)), in: scope)
        standIns.forEach(noteUnreadable)
        return list.items.map(noting) + standIns
    }

    private func noting(_ object: DistributionObject) -> SecretsDistribution {
        large.note(object.distribution.key, size: object.size)
        return object.distribution
    }

    /// The size of an unreadable object is unknown, so the maximum is assumed.
    private func noteUnreadable(_ standIn: SecretsDistribution) {
        large.note(standIn.key, size: Request.largestObject)
    }

    package func watch(_ scope: Scope, _ observer: WatchHandler<SecretsDistribution>) async {
        let watcher = ObjectWatcher<DistributionObject>(
            client, .init(.secretsDistributions, namespace: scope.namespace), logger: logger,
            heartbeat: observer.heartbeat, meter: meter)
        await watcher.run(
            observer, noting,
            standIn: { item in
                let standIn = SecretsDistribution(unreadable: item)
                if let standIn { noteUnreadable(standIn) }
                return standIn
            },
            gone: { object in
                large.forget(object.distribution.key)
                return object.distribution
            },
            listed: { large.keep(only: Set($0.map(\.key)), in: scope) })
    }

    package func faults() async -> [String] { [] }

    package func current(_ key: ObjectKey) async throws(StoreError) -> SecretsDistribution? {
        do {
            var request = Request.get(.secretsDistributions, namespace: key.namespace, name: key.name)
            request.expectedResponseSize = large[key]
            return noting(try await client.send(request, decoding: DistributionObject.self))
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
                return (
                    stored, DefinitionTraits(hasStatusSubresource: true, keepsConditions: stored.status.ready != nil)
                )
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
            return (stored, DefinitionTraits(hasStatusSubresource: false, keepsConditions: stored.status.ready != nil))
        }
        if let refused { throw StoreError(refused) }
        // The definition now has a subresource.
        return try await write(status, to: stored, on: .current)
    }

    private func patch(
        _ status: StoredStatus, _ distribution: SecretsDistribution, subresource: String?
    ) async throws(KubeError) -> SecretsDistribution {
        var request = Request.mergePatch(
            .secretsDistributions, namespace: distribution.key.namespace, name: distribution.key.name,
            subresource: subresource, status.mergePatch(of: distribution))
        request.expectedResponseSize = large[distribution.key]
        return noting(try await client.send(request, decoding: DistributionObject.self))
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
