package import Distribution
package import Kube
package import Planning

/// Reads another store, and answers writes as that would, without any.
///
/// What the other would refuse (a quota, an admission plugin, a role) is not found out.
package struct DryRunSecretStore: SecretStore {
    private let store: any SecretStore
    private let managedBy: String
    private let ledger: ChangeRecorder

    /// Of Secrets that there would be.
    private static let uid = "rehearsed"

    package init(_ store: any SecretStore, managedBy: String, ledger: ChangeRecorder) {
        self.store = store
        self.managedBy = managedBy
        self.ledger = ledger
    }

    package func list(_ scope: Scope) async throws(StoreError) -> [ObservedTarget] { try await store.list(scope) }

    package func observe(_ key: ObjectKey) async throws(StoreError) -> ObservedTarget? { try await store.observe(key) }

    /// Follows those too that carry only our annotation: nobody gives them our label, and what changes them is to be
    /// heard of.
    package func watch(_ scope: Scope, _ observer: WatchHandler<ObservedTarget>) async {
        let hearing = WatchHandler<ObservedTarget>(
            event: { await observer.event(hear($0, scope)) }, failed: observer.failed, recovered: observer.recovered,
            unlistable: observer.unlistable, heartbeat: observer.heartbeat)
        await store.watch(scope, hearing)
    }

    package func hear(_ event: FeedEvent<ObservedTarget>, _ scope: Scope) -> FeedEvent<ObservedTarget> {
        switch event {
        case .replace(let all, let unreadable):
            let ours = all.filter(isMarked)
            ledger.saw(ours, in: scope)
            return .replace(ours, unreadable: unreadable)
        case .upsert(let target):
            ledger.saw(target.key, target)
            return isMarked(target) ? event : .delete(target)
        case .delete(let target):
            ledger.saw(target.key, nil)
            return event
        }
    }

    private func isMarked(_ target: ObservedTarget) -> Bool {
        target.managedBy == managedBy || target.labels[WellKnownKeys.managedByLabel] == managedBy
    }

    package func create(_ target: DesiredTarget) async throws(StoreError) -> ObservedTarget {
        guard try await store.observe(target.key) == nil else {
            throw .changed("Secret \(target.key) is there already")
        }
        let created = ObservedTarget(creating: target, uid: Self.uid)
        ledger.note(target.key, from: nil, to: created)
        return created
    }

    package func update(_ target: ObservedTarget, _ patch: TargetPatch) async throws(StoreError) -> ObservedTarget {
        let updated = target.applying(patch)
        ledger.note(target.key, from: try await actual(target), to: updated)
        return updated
    }

    package func recreate(
        _ target: ObservedTarget, as desired: DesiredTarget
    ) async throws(StoreError) -> ObservedTarget {
        let created = ObservedTarget(creating: desired, inPlaceOf: target, uid: Self.uid)
        ledger.note(target.key, from: try await actual(target), to: created)
        return created
    }

    package func delete(_ target: ObservedTarget) async throws(StoreError) {
        ledger.note(target.key, from: try await actual(target), to: nil)
    }

    /// The Secret as it is. What was rehearsed is compared with that, not with the rehearsal before.
    private func actual(_ target: ObservedTarget) async throws(StoreError) -> ObservedTarget? {
        ledger.wrote(target) ? try await store.observe(target.key) : target
    }
}
