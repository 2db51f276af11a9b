package import Kube
package import Observability

/// The Lease for leader election, and its timing.
package struct LeaseSettings: Sendable, Equatable {
    /// Nil for the namespace of the pod or of the kubeconfig's context.
    package var namespace: String?
    /// Nil for the default name.
    package var name: String?
    /// The UID of the pod; nil to take it from the mounts of the container.
    package var podUID: String?
    package var policy = LeaderElection<ContinuousClock.Instant>.Policy()

    package init() {}
}

/// Runs the leader election: acquires, renews and releases the Lease.
package struct LeaderElector: Sendable {
    /// Updated when the election is won or lost.
    package let leadership: Leadership

    /// Beats with each step of the election.
    package let heartbeat: Heartbeat

    private let client: any KubeTransport
    private let namespace: String
    private let name: String
    private let identity: AgentIdentity
    private let policy: LeaderElection<ContinuousClock.Instant>.Policy
    private let logger: Logger

    /// - Parameters:
    ///   - namespace, name: the defaults for the Lease if the settings do not set them.
    ///   - client: must not be a `LeaderOnlyTransport`.
    package init(
        client: any KubeTransport, leadership: Leadership, settings: LeaseSettings, namespace: String, name: String,
        logger: Logger
    ) {
        self.client = client
        self.leadership = leadership
        self.namespace = settings.namespace ?? namespace
        self.name = settings.name ?? name
        identity = AgentIdentity(podUID: settings.podUID)
        policy = settings.policy
        heartbeat = Heartbeat("leader election", limit: policy.duration * 4 + .seconds(60))
        self.logger = logger
    }

    /// A change of this agent's role.
    package enum News: Sendable {
        /// This agent has become the leader, for the first time or again.
        case leads
        case leadsNoMore
        /// Another agent was seen to renew the Lease. Holding a Lease does not prove that the holder is alive.
        case follows
    }

    /// Runs until the task is cancelled. Retries after errors.
    package func run(_ tell: @Sendable (News) async -> Void) async {
        logger.info("leader election", fields)
        var election = LeaderElection<ContinuousClock.Instant>(
            identity: identity.text, predecessors: identity.predecessors,
            predecessorsAreDead: identity.namesContainer, policy: policy)
        var input = LeaderElection<ContinuousClock.Instant>.Input.start
        var lastError: KubeError?
        var lastSeen = Lease.Spec()
        while !Task.isCancelled {
            heartbeat.beat()
            if case .found(let lease) = input {
                let (seen, holder) = (lease.spec, lease.spec.holder)
                if holder == lastSeen.holder, !holder.isEmpty, holder != identity.text, seen != lastSeen {
                    await tell(.follows)
                }
                lastSeen = seen
            }
            let actions = election.step(input, at: .now, wall: .now(), random: .random(in: 0...1))
            for action in actions {
                switch action {
                case .acquired(let end):
                    leadership.lead(until: end)
                    lastError = nil
                    logger.info("leadership acquired", fields)
                    await tell(.leads)
                case .renewed(let end):
                    leadership.lead(until: end)
                    lastError = nil
                case .lost:
                    leadership.follow()
                    logger.warning("leadership lost", fields)
                    await tell(.leadsNoMore)
                case .following(let holder):
                    logger.info("another agent leads", ["holder": .string(holder), "lease": .string(lease)])
                case .report(let error):
                    if error != lastError, !Task.isCancelled { report(error) }
                    lastError = error
                case .get, .create, .update, .wait: input = await outcome(of: action)
                }
            }
        }
    }

    /// Releases the Lease, so that another agent does not have to wait until it expires. Call it after `run` has
    /// returned, when no write is in progress.
    package func release() async {
        leadership.follow()
        let end = ContinuousClock.now + .seconds(2)
        // A renewal that was in progress when `run` was cancelled may still be stored in between.
        for _ in 0..<3 {
            do throws(KubeError) {
                let lease = try await send(.get(.leases, namespace: namespace, name: name), until: end)
                guard lease.spec.holder == identity.text else { return }
                _ = try await send(update(lease.spec.released(at: .now()), lease.metadata.resourceVersion), until: end)
                return logger.info("leadership released", fields)
            } catch {
                switch error.kind {
                case .conflict: continue
                case .notFound: return
                default: return report(error)
                }
            }
        }
    }

    private func outcome(
        of action: LeaderElection<ContinuousClock.Instant>.Action
    ) async -> LeaderElection<ContinuousClock.Instant>.Input {
        do throws(KubeError) {
            switch action {
            case .get(let end):
                return .found(try await send(.get(.leases, namespace: namespace, name: name), until: end))
            case .create(let spec, let end):
                let manifest = spec.manifest(name: name, namespace: namespace)
                return .stored(try await send(.create(.leases, namespace: namespace, manifest), until: end))
            case .update(let spec, let resourceVersion, let end):
                return .stored(try await send(update(spec, resourceVersion), until: end))
            case .wait(let delay):
                // Cancellation ends the wait, and then the loop.
                try? await Task.sleep(for: delay)
                return .waited
            case .acquired, .renewed, .lost, .following, .report: return .waited
            }
        } catch {
            return .failed(error)
        }
    }

    private func update(_ spec: Lease.Spec, _ resourceVersion: String?) -> Request {
        var request = Request.mergePatch(
            .leases, namespace: namespace, name: name, spec.mergePatch(resourceVersion: resourceVersion ?? ""))
        // There is no time to read the Lease first. If the first attempt was stored, the precondition of the second one
        // fails, and the election reads the Lease.
        request.isRepeatable = true
        return request
    }

    private func send(_ request: Request, until end: ContinuousClock.Instant) async throws(KubeError) -> Lease {
        var request = request
        request.deadline = end
        request.isUrgent = true
        return try await client.send(request, decoding: Lease.self)
    }

    private var lease: String { "\(namespace)/\(name)" }

    private var fields: Logger.Fields { ["lease": .string(lease), "identity": .string(identity.text)] }

    private func report(_ error: KubeError) {
        if case .forbidden = error.kind {
            let role = "get, create and patch on leases of coordination.k8s.io in namespace \(namespace)"
            logger.warning("leader election failed", ["error": .string("\(error)"), "roleNeeds": .string(role)])
        } else {
            logger.warning("leader election failed", ["error": .string("\(error)")])
        }
    }
}

extension Lease.Spec {
    /// The Lease without a holder, as client-go's `ReleaseOnCancel` writes it.
    fileprivate func released(at now: Timestamp) -> Lease.Spec {
        var spec = self
        spec.holder = ""
        spec.durationSeconds = 1
        spec.acquireTime = now
        spec.renewTime = now
        return spec
    }
}
