import Distribution
import Observability
import Planning
import Reconciler
import Stores

/// Feeds the controller with the objects of one scope. It lists them again at each resync, so a watch that stopped
/// unnoticed, or an event that was missed, causes a delay but no wrong result.
struct ScopeFeed: Sendable {
    private let scope: Scope
    private let controller: Controller
    private let backend: Backend
    private let distributionsHeartbeat: Heartbeat?
    private let targetsHeartbeat: Heartbeat?
    private let logger: Logger

    init(
        _ scope: Scope, controller: Controller, backend: Backend, heartbeats: Heartbeats? = nil, logger: Logger
    ) {
        self.scope = scope
        self.controller = controller
        self.backend = backend
        distributionsHeartbeat = heartbeats?.distributions[scope]
        targetsHeartbeat = heartbeats?.targets[scope]
        self.logger = logger
    }

    /// Runs until it is cancelled.
    func run(resync: Duration) async {
        let (scope, controller) = (scope, controller)
        let ofDistributions = WatchHandler<SecretsDistribution>(
            event: { await controller.handle(.distributions(scope, $0)) },
            failed: {
                log($0)
                await controller.handle(.distributionsWatch(scope, .failed($0)))
            },
            recovered: { await controller.handle(.distributionsWatch(scope, .recovered)) },
            heartbeat: distributionsHeartbeat)
        let ofTargets = WatchHandler<ObservedTarget>(
            event: { await controller.handle(.targets(scope, $0)) },
            failed: {
                log($0)
                await controller.handle(.targetsWatch(scope, .failed($0)))
            },
            recovered: { await controller.handle(.targetsWatch(scope, .recovered)) },
            unlistable: { await listInParts(because: $0) },
            heartbeat: targetsHeartbeat)
        while !Task.isCancelled {
            let interval = resync * Double.random(in: 0.9...1.1)
            await controller.handle(.distributionsWatch(scope, .relisting))
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await backend.distributions.watch(scope, ofDistributions) }
                group.addTask { await backend.secrets.watch(scope, ofTargets) }
                group.addTask { try? await Task.sleep(for: interval, tolerance: .seconds(1)) }
                await group.next()
                group.cancelAll()
            }
            // If a watch cannot start because threads or descriptors are used up, do not retry in a tight loop.
            if !Task.isCancelled { try? await Task.sleep(for: .seconds(1)) }
        }
    }

    /// Processes as much as possible of a scope whose Secrets cannot be listed together because one of them is
    /// unreadable: lists each namespace separately, and the targets in namespaces that cannot be listed are read one by
    /// one. Call it again for each update, because the list keeps failing and there is no watch.
    func listInParts(because error: StoreError) async {
        guard let namespaces = await controller.namespacesToList(of: scope) else { return }
        var parts: [String: [ObservedTarget]] = [:]
        for namespace in namespaces where !Task.isCancelled {
            do {
                parts[namespace] = try await backend.secrets.list(.namespace(namespace))
            } catch {
                // Any other error is an outage: known targets are kept, and the next retry tries again.
                guard case .unlistable = error else { return log(error) }
            }
            targetsHeartbeat?.beat()
        }
        guard !Task.isCancelled else { return }
        await controller.handle(.targetsInParts(scope, parts, because: error))
    }

    /// At debug level, because the Kubernetes watcher has already logged each distinct error once.
    private func log(_ error: StoreError) {
        logger.debug("list or watch failed", ["error": .string(error.description)])
    }
}
