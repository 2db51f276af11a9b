package import Distribution
import LinuxIO
import MountWatch
package import Planning
import Reconciler
import Stores

/// The result of a single pass; in a dry run, the result that it would have.
package struct SyncResult: Sendable {
    /// The status of each distribution that belongs to this instance.
    package let outcomes: [ObjectKey: DistributionStatus]
    /// The writes, one for each target, sorted.
    package let changes: [Change]
    /// Other failures, as sentences.
    package let faults: [String]
    /// Why the mount could not be read; nil if it could.
    package var absence: String?
}

/// The progress of a single pass.
package struct Progress: Sendable, Equatable {
    /// Distributions of this instance that were reconciled, and all known ones.
    package let done: Int
    package let total: Int
    /// Targets that were written or removed.
    package let written: Int
}

/// Failures of a single pass that are not part of the outcomes.
private final class Faults: Sendable {
    private let faults = Mutex<(all: [String], known: Set<String>)>(([], []))

    var all: [String] { faults.withLock { $0.all } }
    /// A fault that occurs again in a retry is kept once.
    func add(_ fault: String) { faults.withLock { if $0.known.insert(fault).inserted { $0.all.append(fault) } } }
    func replace(with fault: String) { faults.withLock { $0 = ([fault], [fault]) } }
}

/// A single pass, for `sync` and `plan`.
extension Agent {
    /// After this many failures, a key is given up in a single pass.
    private static let tries = 5

    /// Makes one pass: reads the mount and both lists once and brings all targets in sync. When `stops` yields,
    /// finishes the writes in flight and starts no more.
    ///
    /// - Parameter progress: called with the progress several times per second.
    /// - Throws: `StoreError` if the distributions cannot be listed; also throws if the access policy is invalid.
    package func sync(
        until stops: AsyncStream<Void>, progress: (@Sendable (Progress) -> Void)? = nil
    ) async throws -> SyncResult {
        let changes = backend.changes ?? ChangeRecorder(logger: .none)
        let faults = Faults()
        let controller = try backend.controller(
            settings, logger: logger, recorder: backend.changes == nil ? changes : nil
        ) {
            $0.reportFault = { fault in faults.add(fault) }
            // The last status must be the final one.
            $0.settings.clusterStatusPause = .zero
        }
        return try await withThrowingTaskGroup(of: String?.self) { group in
            defer { group.cancelAll() }
            group.addTask { try await pass(controller, faults) }
            group.addTask {
                for await _ in stops { break }
                controller.stop()
                try? await Task.sleep(for: Self.grace)
                faults.replace(with: "stopped with writes in flight")
                return nil
            }
            if let progress {
                // Ends only when it is cancelled.
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
            await controller.handle(.policy(policy))
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
        for scope in settings.namespaceScopes {
            do {
                await controller.handle(.distributions(scope, .replace(try await backend.distributions.list(scope))))
            } catch {
                // The namespace or its role may have been deleted: the other namespaces are still processed.
                guard case .forbidden = error else { throw error }
                await controller.handle(.distributionsWatch(scope, .failed(error)))
                faults.add("The distributions of \(scope) are skipped: \(error)")
                refused.append(error)
                continue
            }
            do {
                await controller.handle(.targets(scope, .replace(try await backend.secrets.list(scope))))
            } catch {
                await controller.handle(.targetsWatch(scope, .failed(error)))
                if case .forbidden = error { continue }
                guard case .unlistable = error else { throw error }
                faults.add("The Secrets of \(scope) cannot be listed as a whole: \(error)")
                await ScopeFeed(scope, controller: controller, backend: backend, logger: logger)
                    .listInParts(because: error)
            }
        }
        if refused.count == settings.namespaceScopes.count, let error = refused.first { throw error }
        try await passCluster(controller, faults)
        async let _ = backend.recorder?.run()
        await controller.handle(.mount(reading))
        await controller.work(tries: Self.tries)
        await backend.recorder?.flush()
        for fault in await backend.distributions.faults() { faults.add(fault) }
        if !controller.isIdle { faults.add("stopped before all targets were processed") }
        return absence
    }

    /// Reads the cluster distributions, and the namespaces if there are any.
    private func passCluster(_ controller: Controller, _ faults: Faults) async throws {
        do {
            await controller.handle(.distributions(.cluster, .replace(try await backend.distributions.list(.cluster))))
        } catch {
            // They are optional: the resource definition or the role may not exist.
            guard case .forbidden = error else { throw error }
            return await controller.handle(.distributionsWatch(.cluster, .failed(error)))
        }
        guard settings.watchNamespaces == nil, await controller.hasClusterDistributions else { return }
        do {
            await controller.handle(.namespaces(.replace(try await backend.distributions.listNamespaces())))
        } catch {
            guard case .forbidden = error else { throw error }
            await controller.handle(.namespacesWatch(.failed(error)))
            faults.add("The cluster distributions are skipped: \(error)")
        }
    }
}
