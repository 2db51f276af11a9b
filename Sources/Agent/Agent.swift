import Admin
import Distribution
import MountWatch
import Notify
package import Observability
import Planning
import Reconciler
import Scheduling
import Stores

/// Runs the program: continuously until it is stopped, or for a single pass.
package struct Agent: Sendable {
    let settings: Settings
    let backend: Backend
    let logger: Logger

    package init(settings: Settings, backend: Backend, logger: Logger) {
        self.settings = settings
        self.backend = backend
        self.logger = logger
    }

    /// How long writes in flight may take after `stops` yields. Orchestrators kill the process after 10 s or later.
    static let grace: Duration = .seconds(8)

    private enum Ended {
        case stopRequested, workDone, graceOver, service
    }

    /// Keeps all targets in sync until `stops` yields or ends, then finishes the writes in flight and returns. Reads
    /// the mount and compares all targets each time `refreshes` yields.
    ///
    /// - Throws: an error if a thread cannot be started; `ConfigurationError` if the admin endpoint cannot listen.
    package func run(
        until stops: AsyncStream<Void>, refreshes: AsyncStream<Void> = AsyncStream { $0.finish() }
    ) async throws {
        let heartbeats = Heartbeats(settings)
        let mount = MountWatcher(
            path: settings.secretsPath, timing: settings.watchTiming, logger: logger, heartbeat: heartbeats.mount)
        let notifier = try await notifier()
        defer { notifier?.close() }
        let controller = try backend.controller(settings, logger: logger) { dependencies in
            dependencies.readMount = { mount.requestReading() }
            if let changes = backend.changes { dependencies.firstPassDone = { changes.logSummary($0) } }
        } changed: { key in
            notifier?.changed(name(of: key))
        }
        try mount.start()
        defer { mount.stop() }
        let policy = settings.policyPath.map { path in
            PolicyFile(path: path, timing: settings.watchTiming, logger: logger, heartbeat: heartbeats.policy)
        }
        try policy?.start()
        defer { policy?.stop() }
        let endpoint = try settings.listenAddress.map { address in
            let sources = AdminSources(controller, backend, heartbeats, withPage: settings.servesStatusPage)
            return try AdminEndpoint(address: address, sources: sources, logger: logger)
        }
        defer { endpoint?.stop() }
        logger.info(
            "started",
            [
                "mount": .string(settings.secretsPath), "backend": .string(backend.name),
                "managedBy": .string(settings.managedBy), "version": .string(Version.text),
            ])
        let (mounts, listing) = AsyncStream<MountListing>.makeStream(bufferingPolicy: .bufferingNewest(1))
        let versions = backend.versions.map { versions in
            VersionFeed(versions: versions, controller: controller, logger: logger)
        }
        let services =
            services(controller, mount, policy, endpoint, listing, refreshes: refreshes)
            + [versions.map { feed in Service { await feed.run(mounts) } }].compactMap { $0 }
            + (notifier.map { notifier in
                [Service { await notifier.run(isRotating: { await controller.isRotating }) }]
            } ?? [])
            + settings.namespaceScopes.map { scope in
                let feed = ScopeFeed(
                    scope, controller: controller, backend: backend, heartbeats: heartbeats, logger: logger)
                return Service { await feed.run(resync: settings.resyncInterval) }
            } + [
                Service {
                    let feed = ClusterFeed(
                        controller: controller, backend: backend, heartbeats: heartbeats,
                        servesNamespaces: settings.watchNamespaces == nil)
                    await feed.run(resync: settings.resyncInterval)
                }
            ]
        let isDone = await run(services, controller, until: stops)
        // A write that is still in flight may reach the server later. Other replicas must then wait until the lease
        // expires.
        if isDone { await backend.elector?.release() }
        logger.info("stopped")
    }

    /// Notifies of new content in local mode; nil if nobody is notified.
    private func notifier() async throws -> Notifier? {
        guard !settings.dryRun, let folder = backend.folder, let receiver = settings.receiver else { return nil }
        let journal = Notifier.Journal(
            count: { await folder.countOfContentWrites() },
            end: { writes in
                do {
                    try await folder.endNotification(of: writes)
                } catch {
                    logger.debug("notification may be repeated after a restart", ["error": .string("\(error)")])
                }
            })
        let notifier = try Notifier(receiver, journal, meter: backend.notifications, logger: logger)
        for key in (try? await folder.beginNotifying()) ?? [] { notifier.changed(name(of: key)) }
        return notifier
    }

    /// The name of a target in a notification.
    private func name(of key: ObjectKey) -> String { settings.output.hasNamespaces ? key.description : key.name }

    /// A task that runs until it is cancelled.
    private struct Service: Sendable {
        let run: @Sendable () async -> Void
    }

    /// All services except the feeds and the worker.
    private func services(
        _ controller: Controller, _ mount: MountWatcher, _ policy: PolicyFile?, _ endpoint: AdminEndpoint?,
        _ listing: AsyncStream<MountListing>.Continuation, refreshes: AsyncStream<Void>
    ) -> [Service] {
        var services = [
            Service {
                for await reading in mount.readings {
                    await controller.handle(.mount(reading))
                    if backend.versions != nil, case .snapshot(let snapshot) = reading {
                        listing.yield(MountListing(snapshot))
                    }
                }
            },
            Service {
                while !Task.isCancelled {
                    try? await Task.sleep(for: settings.resyncInterval, tolerance: .seconds(1))
                    mount.requestReading()
                }
            },
            Service {
                for await _ in refreshes {
                    logger.info("comparing everything", ["cause": "SIGHUP"])
                    await controller.compareAll()
                }
            },
        ]
        if let elector = backend.elector {
            services.append(
                Service {
                    await elector.run { news in
                        switch news {
                        case .leads: await controller.lead()
                        case .leadsNoMore: await controller.stopLeading()
                        case .follows: await controller.follow()
                        }
                    }
                })
        }
        if let policy {
            services.append(
                Service { for await reading in policy.readings { await controller.handle(.policy(reading)) } })
        }
        if let endpoint { services.append(Service { await endpoint.serve() }) }
        if let recorder = backend.recorder { services.append(Service { await recorder.run() }) }
        return services
    }

    /// - Returns: whether all writes in flight finished in time.
    private func run(_ services: [Service], _ controller: Controller, until stops: AsyncStream<Void>) async -> Bool {
        await withTaskGroup(of: Ended.self) { group in
            for service in services {
                group.addTask {
                    await service.run()
                    return .service
                }
            }
            group.addTask(executorPreference: backend.executor) {
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
                    controller.stop()
                    group.addTask {
                        try? await Task.sleep(for: Self.grace)
                        return .graceOver
                    }
                case .workDone, .graceOver:
                    isDone = isDone ?? (ended == .workDone)
                    group.cancelAll()
                case .service: break
                }
            }
            return isDone ?? false
        }
    }
}
