import Distribution
import Observability
import Planning
import Reconciler
import Stores

/// Feeds the controller with the cluster distributions, and with the namespaces that they select from. Lists both again at
/// each resync.
///
/// Cluster distributions are optional: without the resource definition, or without a role for them, nothing else is
/// affected. The namespaces are listed from the first cluster distribution on.
struct ClusterFeed: Sendable {
    private let controller: Controller
    private let backend: Backend
    private let distributionsHeartbeat: Heartbeat?
    private let namespacesHeartbeat: Heartbeat?
    /// False if the agent watches only some namespaces.
    private let servesNamespaces: Bool

    init(controller: Controller, backend: Backend, heartbeats: Heartbeats? = nil, servesNamespaces: Bool) {
        self.controller = controller
        self.backend = backend
        distributionsHeartbeat = heartbeats?.distributions[.cluster]
        namespacesHeartbeat = heartbeats?.namespaces
        self.servesNamespaces = servesNamespaces
    }

    /// Runs until it is cancelled.
    func run(resync: Duration) async {
        let controller = controller
        let (first, isFirst) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        let ofDistributions = WatchHandler<SecretsDistribution>(
            event: { event in
                await controller.handle(.distributions(.cluster, event))
                if await controller.hasClusterDistributions { isFirst.yield() }
            },
            failed: { await controller.handle(.distributionsWatch(.cluster, .failed($0))) },
            recovered: { await controller.handle(.distributionsWatch(.cluster, .recovered)) },
            heartbeat: distributionsHeartbeat)
        await withDiscardingTaskGroup { group in
            group.addTask {
                await repeating(each: resync) {
                    await controller.handle(.distributionsWatch(.cluster, .relisting))
                    await backend.distributions.watch(.cluster, ofDistributions)
                }
            }
            guard servesNamespaces else { return }
            group.addTask {
                await wait(for: first)
                await watchNamespaces(resync: resync)
            }
        }
    }

    /// Waits for the first cluster distribution, with heartbeats.
    private func wait(for first: AsyncStream<Void>) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { for await _ in first { break } }
            group.addTask {
                while !Task.isCancelled {
                    namespacesHeartbeat?.beat()
                    try? await Task.sleep(for: .seconds(60), tolerance: .seconds(10))
                }
            }
            await group.next()
            group.cancelAll()
        }
    }

    private func watchNamespaces(resync: Duration) async {
        let controller = controller
        let handler = WatchHandler<Namespace>(
            event: { await controller.handle(.namespaces($0)) },
            failed: { await controller.handle(.namespacesWatch(.failed($0))) },
            recovered: { await controller.handle(.namespacesWatch(.recovered)) }, heartbeat: namespacesHeartbeat)
        await repeating(each: resync) { await backend.distributions.watchNamespaces(handler) }
    }

    /// Repeats `watch` until the task is cancelled, and cancels each run after about `interval`.
    private func repeating(each interval: Duration, _ watch: @escaping @Sendable () async -> Void) async {
        while !Task.isCancelled {
            let interval = interval * Double.random(in: 0.9...1.1)
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await watch() }
                group.addTask { try? await Task.sleep(for: interval, tolerance: .seconds(1)) }
                await group.next()
                group.cancelAll()
            }
            // If a watch cannot start because threads or descriptors are used up, do not retry in a tight loop.
            if !Task.isCancelled { try? await Task.sleep(for: .seconds(1)) }
        }
    }
}
