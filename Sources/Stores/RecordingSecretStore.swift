package import Distribution
package import Planning

/// Another store, whose writes are taken down.
package struct RecordingSecretStore: SecretStore {
    private let store: any SecretStore
    private let ledger: ChangeRecorder

    package init(_ store: any SecretStore, ledger: ChangeRecorder) {
        self.store = store
        self.ledger = ledger
    }

    package func list(_ scope: Scope) async throws(StoreError) -> [ObservedTarget] { try await store.list(scope) }

    package func watch(_ scope: Scope, _ observer: WatchHandler<ObservedTarget>) async {
        await store.watch(scope, observer)
    }

    package func observe(_ key: ObjectKey) async throws(StoreError) -> ObservedTarget? { try await store.observe(key) }

    package func create(_ target: DesiredTarget) async throws(StoreError) -> ObservedTarget {
        let created = try await store.create(target)
        ledger.note(target.key, from: nil, to: created)
        return created
    }

    package func update(_ target: ObservedTarget, _ patch: TargetPatch) async throws(StoreError) -> ObservedTarget {
        let updated = try await store.update(target, patch)
        ledger.note(target.key, from: target, to: updated)
        return updated
    }

    package func recreate(_ target: ObservedTarget, as desired: DesiredTarget) async throws(StoreError)
        -> ObservedTarget
    {
        let created = try await store.recreate(target, as: desired)
        ledger.note(target.key, from: target, to: created)
        return created
    }

    package func delete(_ target: ObservedTarget) async throws(StoreError) {
        try await store.delete(target)
        ledger.note(target.key, from: target, to: nil)
    }

    package func forget(_ distribution: String, unless target: ObjectKey?) {
        store.forget(distribution, unless: target)
    }
}
