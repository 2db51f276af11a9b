package import Distribution
package import Planning

/// A store that reads from another store and writes no statuses.
package struct DryRunDistributionStore: DistributionStore {
    private let store: any DistributionStore

    package init(_ store: any DistributionStore) { self.store = store }

    package func list(_ scope: Scope) async throws(StoreError) -> [SecretsDistribution] { try await store.list(scope) }

    package func watch(_ scope: Scope, _ handler: WatchHandler<SecretsDistribution>) async {
        await store.watch(scope, handler)
    }

    package func listNamespaces() async throws(StoreError) -> [Namespace] { try await store.listNamespaces() }

    package func namespace(_ name: String) async throws(StoreError) -> Namespace? { try await store.namespace(name) }

    package func watchNamespaces(_ handler: WatchHandler<Namespace>) async { await store.watchNamespaces(handler) }

    package func current(_ key: ObjectKey) async throws(StoreError) -> SecretsDistribution? {
        try await store.current(key)
    }

    package func faults() async -> [String] { await store.faults() }

    package func write(
        _ status: StoredStatus, to distribution: SecretsDistribution, on definition: DefinitionTraits
    ) async throws(StoreError) -> (SecretsDistribution, DefinitionTraits) {
        (distribution, definition)
    }
}
