package import Distribution
package import Kube
package import Planning

/// A store that reads from another store and simulates writes.
///
/// It does not detect writes that the other store would reject because of a quota, an admission plugin or a role.
package struct DryRunSecretStore: SecretStore {
    private let store: any SecretStore
    private let managedBy: String
    private let recorder: ChangeRecorder

    /// The uid of simulated Secrets.
    private static let uid = "simulated"

    package init(_ store: any SecretStore, managedBy: String, recorder: ChangeRecorder) {
        self.store = store
        self.managedBy = managedBy
        self.recorder = recorder
    }

    package func list(_ scope: Scope) async throws(StoreError) -> [ObservedTarget] { try await store.list(scope) }

    package func refusal(of target: DesiredTarget) -> Refusal? { store.refusal(of: target) }

    package func observe(_ key: ObjectKey) async throws(StoreError) -> ObservedTarget? { try await store.observe(key) }

    /// Watches Secrets that carry only our annotation too. A dry run does not add our label to them, and their changes
    /// must be noticed.
    package func watch(_ scope: Scope, _ observer: WatchHandler<ObservedTarget>) async {
        let handler = WatchHandler<ObservedTarget>(
            event: { await observer.event(handle($0, scope)) }, failed: observer.failed, recovered: observer.recovered,
            unlistable: observer.unlistable, heartbeat: observer.heartbeat)
        await store.watch(scope, handler)
    }

    package func handle(_ event: ListWatchEvent<ObservedTarget>, _ scope: Scope) -> ListWatchEvent<ObservedTarget> {
        switch event {
        case .replace(let all, let unreadable):
            let ours = all.filter(isMarked)
            recorder.observe(ours, in: scope)
            return .replace(ours, unreadable: unreadable)
        case .upsert(let target):
            recorder.observe(target.key, target)
            return isMarked(target) ? event : .delete(target)
        case .delete(let target):
            recorder.observe(target.key, nil)
            return event
        }
    }

    private func isMarked(_ target: ObservedTarget) -> Bool {
        // A Secret with saved values is no target.
        guard target.annotations[WellKnownKeys.savedFor] == nil else { return false }
        return target.managedBy == managedBy || target.labels[WellKnownKeys.managedByLabel] == managedBy
    }

    package func create(_ target: DesiredTarget) async throws(StoreError) -> ObservedTarget {
        guard try await store.observe(target.key) == nil else {
            throw .changed("Secret \(target.key) already exists")
        }
        let created = ObservedTarget(creating: target, uid: Self.uid)
        recorder.record(target.key, from: nil, to: created)
        return created
    }

    package func update(_ target: ObservedTarget, _ patch: TargetPatch) async throws(StoreError) -> ObservedTarget {
        let updated = target.applying(patch)
        recorder.record(target.key, from: try await actual(target), to: updated)
        return updated
    }

    package func recreate(
        _ target: ObservedTarget, as desired: DesiredTarget
    ) async throws(StoreError) -> ObservedTarget {
        let created = ObservedTarget(creating: desired, inPlaceOf: target, uid: Self.uid)
        recorder.record(target.key, from: try await actual(target), to: created)
        return created
    }

    package func delete(_ target: ObservedTarget) async throws(StoreError) {
        recorder.record(target.key, from: try await actual(target), to: nil)
    }

    package func savedValues(of key: ObjectKey) async throws(StoreError) -> SavedValues? {
        try await store.savedValues(of: key)
    }

    /// The existing Secret. A simulated write is compared with it, not with the simulated write before.
    private func actual(_ target: ObservedTarget) async throws(StoreError) -> ObservedTarget? {
        recorder.wrote(target) ? try await store.observe(target.key) : target
    }
}
