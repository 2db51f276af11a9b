package import Distribution
import LinuxIO
import MountWatch
package import Planning
import Reconciler
import Stores

/// What a single pass came to; in a dry run, what it would come to.
package struct SyncResult: Sendable {
    /// How each distribution that is ours fared.
    package let outcomes: [ObjectKey: DistributionStatus]
    /// The writes, one for each target, sorted.
    package let changes: [Change]
    /// What else could not be done; sentences.
    package let faults: [String]
    /// Why the mount could not be read; nil if it could.
    package var absence: String?
}

/// How far a single pass is.
package struct Progress: Sendable, Equatable {
    /// Distributions of this instance that were reconciled, and all that are known.
    package let done: Int
    package let total: Int
    /// Targets that were written or removed.
    package let written: Int
}

/// What a single pass could not do, besides what the outcomes say.
private final class Faults: Sendable {
    private let faults = Mutex<[String]>([])

    var all: [String] { faults.withLock { $0 } }
    func add(_ fault: String) { faults.withLock { $0.append(fault) } }
    func replace(with fault: String) { faults.withLock { $0 = [fault] } }
}

/// A single pass, for `sync` and `plan`.
extension Agent {
    /// A key that fails so often in a single pass is given up.
    private static let tries = 5

    /// One pass: reads the mount and both lists once and brings all targets in sync. When `stops` yields, writes in flight
    /// end and no more are started.
    ///
    /// - Parameter progress: told how far it is, some times a second.
    /// - Throws: `StoreError` when the distributions cannot be listed; also when the access policy cannot be used.
    package func sync(
        until stops: AsyncStream<Void>, progress: (@Sendable (Progress) -> Void)? = nil
    ) async throws -> SyncResult {
        let changes = backend.changes ?? ChangeRecorder(logger: .none)
        let faults = Faults()
        let controller = try backend.controller(
            settings, logger: logger, recorder: backend.changes == nil ? changes : nil
        ) { $0.reportFault = { fault in faults.add(fault) } }
        return try await withThrowingTaskGroup(of: String?.self) { group in
            defer { group.cancelAll() }
            group.addTask { try await pass(controller, faults) }
            group.addTask {
                for await _ in stops { break }
                controller.stop()
                try? await Task.sleep(for: Self.grace)
                faults.replace(with: "stopped with writes under way")
                return nil
            }
            if let progress {
                // Ends by cancellation alone.
                group.addTask {
                    while true {
                        let (done, total) = await controller.progress()
                        progress(Progress(done: done, total: total, written: changes.changes.count))
                        try await Task.sleep(for: .milliseconds(100))
                    }
                }
            }
            let absence = try await group.next() ?? nil
            return SyncResult(
                outcomes: await controller.statuses.outcomes, changes: changes.changes,
                faults: faults.all, absence: absence)
        }
    }

    /// - Returns: why the mount could not be read; nil if it could.
    private func pass(_ controller: Controller, _ faults: Faults) async throws -> String? {
        if let path = settings.policyPath {
            let policy = await OwnedThread.value(name: "policy") { PolicyReading(path: path) }
            if let problem = policy.problem { throw PolicyError(problem: problem) }
            await controller.hear(.policy(policy))
        }
        let reading = await OwnedThread.value(name: "mount") { MountWatcher.read(path: settings.secretsPath) }
        var absence: String?
        switch reading {
        case .absent(let reason), .lost(let reason):
            absence = reason
            logger.warning("mount has no generation", ["error": .string(reason)])
        case .snapshot: break
        }
        var refused: [StoreError] = []
        for scope in settings.scopes {
            do {
                await controller.hear(.distributions(scope, .replace(try await backend.distributions.list(scope))))
            } catch {
                // A namespace that is gone, or whose role is: the others are served.
                guard case .forbidden = error else { throw error }
                await controller.hear(.feedOfDistributions(scope, .failed(error)))
                faults.add("The distributions of \(scope) are left out: \(error)")
                refused.append(error)
                continue
            }
            do {
                await controller.hear(.targets(scope, .replace(try await backend.secrets.list(scope))))
            } catch {
                await controller.hear(.feedOfTargets(scope, .failed(error)))
                if case .forbidden = error { continue }
                guard case .unlistable = error else { throw error }
                faults.add("The Secrets of \(scope) cannot be listed as a whole: \(error)")
                await ScopeFeed(scope, controller: controller, backend: backend, logger: logger)
                    .listInParts(because: error)
            }
        }
        if refused.count == settings.scopes.count, let error = refused.first { throw error }
        async let _ = backend.recorder?.run()
        await controller.hear(.mount(reading))
        await controller.work(tries: Self.tries)
        await backend.recorder?.flush()
        for fault in await backend.distributions.faults() { faults.add(fault) }
        if !controller.isIdle { faults.add("stopped before all was looked at") }
        return absence
    }
}
