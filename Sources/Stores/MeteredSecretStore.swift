package import Distribution
import LinuxIO
package import Observability
package import Planning

/// A store that passes all calls to another store, and counts and logs its writes. In a single pass it also records
/// them.
package struct MeteredSecretStore: SecretStore {
    private let store: any SecretStore
    private let meter: SecretWriteMeter
    private let logger: Logger
    private let recorder: ChangeRecorder?
    private let changed: @Sendable (ObjectKey) -> Void

    /// - Parameter changed: receives each target whose content was written or removed.
    package init(
        _ store: any SecretStore, meter: SecretWriteMeter, logger: Logger, recorder: ChangeRecorder? = nil,
        changed: @escaping @Sendable (ObjectKey) -> Void = { _ in }
    ) {
        self.store = store
        self.meter = meter
        self.logger = logger
        self.recorder = recorder
        self.changed = changed
    }

    package func list(_ scope: Scope) async throws(StoreError) -> [ObservedTarget] { try await store.list(scope) }

    package func watch(_ scope: Scope, _ handler: WatchHandler<ObservedTarget>) async {
        await store.watch(scope, handler)
    }

    package func refusal(of target: DesiredTarget) -> Refusal? { store.refusal(of: target) }

    package func observe(_ key: ObjectKey) async throws(StoreError) -> ObservedTarget? { try await store.observe(key) }

    package func create(_ target: DesiredTarget) async throws(StoreError) -> ObservedTarget {
        try await written(.created, "secret created", target.key, from: nil) { () async throws(StoreError) in
            try await store.create(target)
        }
    }

    package func update(_ target: ObservedTarget, _ patch: TargetPatch) async throws(StoreError) -> ObservedTarget {
        try await written(.updated, "secret updated", target.key, from: target) { () async throws(StoreError) in
            try await store.update(target, patch)
        }
    }

    package func release(_ target: ObservedTarget, _ patch: TargetPatch) async throws(StoreError) -> ObservedTarget {
        try await written(.released, "secret released", target.key, from: target, level: .info) {
            () async throws(StoreError) in try await store.release(target, patch)
        }
    }

    package func recreate(
        _ target: ObservedTarget, as desired: DesiredTarget
    ) async throws(StoreError) -> ObservedTarget {
        try await written(.replaced, "secret replaced", target.key, from: target) { () async throws(StoreError) in
            try await store.recreate(target, as: desired)
        }
    }

    package func delete(_ target: ObservedTarget) async throws(StoreError) {
        do throws(StoreError) {
            try await store.delete(target)
        } catch {
            meter.count(error)
            throw error
        }
        meter.count(.removed)
        recorder?.record(target.key, from: target, to: nil)
        changed(target.key)
        logger.info(
            "secret removed",
            [
                "secret": .string(target.key.description),
                "distribution": .string(target.distribution?.description ?? ""),
            ])
    }

    package func savedValues(of key: ObjectKey) async throws(StoreError) -> SavedValues? {
        try await store.savedValues(of: key)
    }

    package func forgetSavedValues(of target: ObservedTarget) async { await store.forgetSavedValues(of: target) }

    package func forget(_ distribution: String, unless target: ObjectKey?) {
        store.forget(distribution, unless: target)
    }

    private func written(
        _ result: SecretWriteMeter.Result, _ message: StaticString, _ key: ObjectKey, from old: ObservedTarget?,
        level: Logger.Level = .debug, _ write: () async throws(StoreError) -> ObservedTarget
    ) async throws(StoreError) -> ObservedTarget {
        let target: ObservedTarget
        do throws(StoreError) {
            target = try await write()
        } catch {
            meter.count(error)
            throw error
        }
        meter.count(result)
        recorder?.record(key, from: old, to: target)
        if old?.digests != target.digests { changed(key) }
        let fields: Logger.Fields = [
            "secret": .string(target.key.description), "keys": .int(target.digests.count),
            "generation": .string(target.mountGeneration ?? ""),
        ]
        logger.log(level, message, fields)
        return target
    }
}

/// Counts writes of Secrets by result.
package final class SecretWriteMeter: Sendable {
    /// The values of the label `result`.
    enum Result: String, Sendable, CaseIterable {
        case created, updated, replaced, removed, released
        /// The Secret had changed since it was observed, and is read again.
        case conflict
        case failed
    }

    private let counts = Mutex<[Result: Int]>([:])
    private let isWriting: @Sendable () -> Bool

    /// - Parameter isWriting: whether this agent leads. If not, a failed write was not sent and is not counted.
    package init(isWriting: @escaping @Sendable () -> Bool = { true }) { self.isWriting = isWriting }

    func count(_ result: Result) { counts.withLock { $0[result, default: 0] += 1 } }

    func count(_ error: StoreError) {
        guard isWriting() else { return }
        if case .changed = error { count(.conflict) } else { count(.failed) }
    }

    package var metrics: [Metric] {
        let counts = counts.withLock { $0 }
        return [
            Metric(
                .counter, "secrets_distributor_secret_writes_total", "Writes of Secrets, by result.",
                by: Result.allCases.map { (["result": $0.rawValue], Double(counts[$0, default: 0])) })
        ]
    }
}
