import Distribution

/// Another store, whose writes are taken down.
struct RecordingSecretStore: SecretStore {
    private let store: any SecretStore
    private let ledger: ChangeLedger

    init(_ store: any SecretStore, ledger: ChangeLedger) {
        self.store = store
        self.ledger = ledger
    }

    func list(_ scope: Scope) async throws(StoreError) -> [ObservedTarget] { try await store.list(scope) }

    func watch(_ scope: Scope, _ observer: FeedObserver<ObservedTarget>) async { await store.watch(scope, observer) }

    func observe(_ key: ObjectKey) async throws(StoreError) -> ObservedTarget? { try await store.observe(key) }

    func create(_ target: DesiredTarget) async throws(StoreError) -> ObservedTarget {
        let created = try await store.create(target)
        ledger.note(target.key, from: nil, to: created)
        return created
    }

    func update(_ target: ObservedTarget, _ patch: TargetPatch) async throws(StoreError) -> ObservedTarget {
        let updated = try await store.update(target, patch)
        ledger.note(target.key, from: target, to: updated)
        return updated
    }

    func recreate(_ target: ObservedTarget, as desired: DesiredTarget) async throws(StoreError) -> ObservedTarget {
        let created = try await store.recreate(target, as: desired)
        ledger.note(target.key, from: target, to: created)
        return created
    }

    func delete(_ target: ObservedTarget) async throws(StoreError) {
        try await store.delete(target)
        ledger.note(target.key, from: target, to: nil)
    }

    func forget(_ distribution: String, unless target: ObjectKey?) {
        store.forget(distribution, unless: target)
    }
}
