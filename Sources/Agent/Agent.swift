import Admin
import Distribution
import MountWatch
package import Observability
import Planning
import Reconciler
import Scheduling
import Stores

/// The program's two ways of working: until told to stop, and one pass.
package struct Agent: Sendable {
    let settings: Settings
    let backend: Backend
    let logger: Logger

    package init(settings: Settings, backend: Backend, logger: Logger) {
        self.settings = settings
        self.backend = backend
        self.logger = logger
    }

    /// How long writes under way may take after `stops` has said so; the orchestrator kills at 10 s or later.
    static let grace: Duration = .seconds(8)

    private enum Ended {
        case stopRequested, workDone, graceOver, other
    }

    /// Keeps all targets in line until `stops` yields or ends; then lets writes under way end and returns. Each time
    /// that `refreshes` yields, looks at the mount and compares everything.
    ///
    /// - Throws: when the mount's thread cannot be started; `ConfigurationError` when the admin endpoint cannot listen.
    package func run(
        until stops: AsyncStream<Void>, refreshes: AsyncStream<Void> = AsyncStream { $0.finish() }
    ) async throws {
        let heartbeats = Heartbeats(settings)
        let mount = MountWatcher(
            path: settings.secretsPath, timing: settings.watchTiming, logger: logger, heartbeat: heartbeats.mount)
        let controller = Controller(
            settings: settings.reconciler, secrets: backend.secrets, distributions: backend.distributions,
            logger: logger,
            leadership: backend.elector?.leadership, recorder: backend.recorder, rehearsal: backend.rehearsal,
            judge: settings.policyPath == nil ? nil : try PolicyJudge(), lookAtMount: { mount.lookNow() })
        try mount.start()
        defer { mount.stop() }
        let policy = settings.policyPath.map { path in
            PolicyFile(
                path: path, timing: settings.watchTiming, logger: logger, heartbeat: heartbeats.policy)
        }
        try policy?.start()
        defer { policy?.stop() }
        let endpoint = try settings.listenAddress.map { address in
            let sources = AdminSources(controller, backend, heartbeats)
            return try AdminEndpoint(address: address, sources: sources, logger: logger)
        }
        defer { endpoint?.stop() }
        logger.info(
            "started",
            [
                "mount": .string(settings.secretsPath), "backend": .string(backend.name),
                "managedBy": .string(settings.managedBy), "version": .string(Version.text),
            ])
        let isDone = await withTaskGroup(of: Ended.self) { group in
            if let elector = backend.elector {
                group.addTask {
                    await elector.run { news in
                        switch news {
                        case .leads: await controller.lead()
                        case .leadsNoMore: await controller.leadNoMore()
                        case .follows: await controller.follow()
                        }
                    }
                    return .other
                }
            }
            group.addTask {
                for await reading in mount.readings { await controller.mount(reading) }
                return .other
            }
            if let policy {
                group.addTask {
                    for await reading in policy.readings { await controller.policy(reading) }
                    return .other
                }
            }
            if let endpoint {
                group.addTask {
                    await endpoint.serve()
                    return .other
                }
            }
            for scope in settings.scopes {
                group.addTask { await follow(scope, controller, heartbeats) }
            }
            group.addTask {
                while !Task.isCancelled {
                    try? await Task.sleep(for: settings.resyncInterval, tolerance: .seconds(1))
                    mount.lookNow()
                }
                return .other
            }
            if let recorder = backend.recorder {
                group.addTask {
                    await recorder.run()
                    return .other
                }
            }
            group.addTask {
                for await _ in refreshes {
                    logger.info("comparing everything", ["cause": "SIGHUP"])
                    await controller.compareAll()
                }
                return .other
            }
            group.addTask {
                await controller.work()
                await backend.recorder?.flush()
                return .workDone
            }
            group.addTask {
                for await _ in stops { break }
                return .stopRequested
            }
            var isDone: Bool?
            while let ended = await group.next() {
                switch ended {
                case .stopRequested:
                    logger.info("stopping")
                    await controller.stop()
                    group.addTask {
                        try? await Task.sleep(for: Self.grace)
                        return .graceOver
                    }
                case .workDone, .graceOver:
                    isDone = isDone ?? (ended == .workDone)
                    group.cancelAll()
                case .other: break
                }
            }
            return isDone ?? false
        }
        // A write that hangs may still reach the server: then the others have to wait for the lease's end.
        if isDone { await backend.elector?.release() }
        logger.info("stopped")
    }

    /// Feeds the controller with one scope's objects. Lists anew at each resync: a watch that died in silence, or an
    /// event that was missed, costs time and not correctness.
    private func follow(_ scope: Scope, _ controller: Controller, _ heartbeats: Heartbeats) async -> Ended {
        let ofDistributions = WatchHandler<SecretsDistribution>(
            event: { await controller.distributions(scope, $0) },
            failed: {
                log($0)
                await controller.distributionsFailed(scope, $0)
            },
            recovered: { await controller.distributionsRecovered(scope) },
            heartbeat: heartbeats.distributions[scope])
        let ofTargets = WatchHandler<ObservedTarget>(
            event: { await controller.targets(scope, $0) },
            failed: {
                log($0)
                await controller.targetsFailed(scope, $0)
            },
            recovered: { await controller.targetsRecovered(scope) },
            unlistable: { await readInParts(scope, controller, because: $0, heartbeats.targets[scope]) },
            heartbeat: heartbeats.targets[scope])
        while !Task.isCancelled {
            let interval = settings.resyncInterval * Double.random(in: 0.9...1.1)
            await controller.resync(scope)
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await backend.distributions.watch(scope, ofDistributions) }
                group.addTask { await backend.secrets.watch(scope, ofTargets) }
                group.addTask { try? await Task.sleep(for: interval, tolerance: .seconds(1)) }
                await group.next()
                group.cancelAll()
            }
            // A watch that cannot even begin, for want of threads or descriptors, is not begun in a tight loop.
            if !Task.isCancelled { try? await Task.sleep(for: .seconds(1)) }
        }
        return .other
    }

    /// Serves what can be served of a scope whose Secrets cannot be listed as a whole because one of them cannot be read:
    /// lists each namespace of it, and has the targets of the others asked for one by one. To be repeated, for the list
    /// fails and there is no watch.
    func readInParts(
        _ scope: Scope, _ controller: Controller, because error: StoreError, _ heartbeat: Heartbeat? = nil
    ) async {
        guard let namespaces = await controller.namespacesToList(of: scope) else { return }
        var parts: [String: [ObservedTarget]] = [:]
        for namespace in namespaces where !Task.isCancelled {
            do {
                parts[namespace] = try await backend.secrets.list(.namespace(namespace))
            } catch {
                // Anything else is an outage: what is known stays, and the next retry tries again.
                guard case .unlistable = error else { return log(error) }
            }
            heartbeat?.beat()
        }
        guard !Task.isCancelled else { return }
        await controller.targets(scope, inParts: parts, because: error)
    }

    /// The Kubernetes watcher has said it already, once for each distinct error.
    private func log(_ error: StoreError) {
        logger.debug("feed failed", ["error": .string(error.description)])
    }
}
