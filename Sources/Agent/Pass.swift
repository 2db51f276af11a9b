package import Distribution
import LinuxIO
import MountWatch
package import Planning
import Reconciler
import Stores

/// A single pass, for `sync` and `plan`.
extension Agent {
    /// What a single pass came to; in a dry run, what it would come to.
    package struct Result: Sendable {
        /// How each distribution that is ours fared.
        package let outcomes: [ObjectKey: DistributionStatus]
        /// The writes, one for each target, sorted.
        package let changes: [Change]
        /// What else could not be done; sentences.
        package let faults: [String]
        /// Why the mount could not be read; nil if it could.
        package var absence: String?
    }

    /// One pass: reads the mount and both lists once and brings all targets in line. When `stops` yields, writes under
    /// way end and no more are begun.
    ///
    /// - Parameter progress: told how far it is, some times a second.
    /// - Throws: `StoreError` when the distributions cannot be listed; also when the access policy cannot be used.
    package func sync(
        until stops: AsyncStream<Void>, progress: (@Sendable (Progress) -> Void)? = nil
    ) async throws -> Result {
        let ledger = backend.rehearsal ?? ChangeRecorder(logger: .none)
        let secrets =
            backend.rehearsal == nil ? RecordingSecretStore(backend.secrets, ledger: ledger) : backend.secrets
        let controller = Controller(
            settings: settings.reconciler, secrets: secrets, distributions: backend.distributions, logger: logger,
            recorder: backend.recorder, triesAtMost: 5, judge: settings.policyPath == nil ? nil : try PolicyJudge())
        return try await withThrowingTaskGroup(of: Result?.self) { group in
            defer { group.cancelAll() }
            group.addTask { try await pass(controller, ledger) }
            group.addTask {
                for await _ in stops { break }
                await controller.stop()
                try? await Task.sleep(for: Self.grace)
                return nil
            }
            if let progress {
                // Ends by cancellation alone.
                group.addTask {
                    while true {
                        progress(await controller.progress(written: ledger.changes.count))
                        try await Task.sleep(for: .milliseconds(100))
                    }
                }
            }
            if let result = try await group.next().flatMap({ $0 }) { return result }
            return Result(
                outcomes: await controller.outcomes, changes: ledger.changes,
                faults: ["stopped with writes under way"])
        }
    }

    private func pass(_ controller: Controller, _ ledger: ChangeRecorder) async throws -> Result {
        if let path = settings.policyPath {
            let policy = await OwnedThread.value(name: "policy") { PolicyReading(path: path) }
            if let problem = policy.problem { throw PolicyError(problem: problem) }
            await controller.policy(policy)
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
                await controller.distributions(scope, .replace(try await backend.distributions.list(scope)))
            } catch {
                // A namespace that is gone, or whose role is: the others are served.
                guard case .forbidden = error else { throw error }
                await controller.distributionsFailed(scope, error)
                await controller.fault("The distributions of \(scope) are left out: \(error)")
                refused.append(error)
                continue
            }
            do {
                await controller.targets(scope, .replace(try await backend.secrets.list(scope)))
            } catch {
                await controller.targetsFailed(scope, error)
                if case .forbidden = error { continue }
                guard case .unlistable = error else { throw error }
                await controller.fault("The Secrets of \(scope) cannot be listed as a whole: \(error)")
                await readInParts(scope, controller, because: error)
            }
        }
        if refused.count == settings.scopes.count, let error = refused.first { throw error }
        async let _ = backend.recorder?.run()
        await controller.mount(reading)
        await controller.finishWhenIdle()
        await controller.work()
        await backend.recorder?.flush()
        var faults = await controller.faults + backend.distributions.faults()
        if await !controller.isIdle { faults.append("stopped before all was looked at") }
        return Result(
            outcomes: await controller.outcomes, changes: ledger.changes, faults: faults, absence: absence)
    }
}
