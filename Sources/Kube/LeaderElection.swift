package import Observability

/// Leader election with a Lease: acquires the Lease when it is free and renews it while this process holds it. No I/O,
/// no clock, no random source.
///
/// The semantics are those of client-go's `tools/leaderelection`, so that both can share a Lease. The Lease of another
/// holder expires its duration after its last change was observed here. The times in the Lease are not used, because
/// the clocks of machines may differ by any amount; only their rates must agree. Our own leadership lasts from the
/// *start* of the last successful renewal, for less time than other candidates wait: we stop before another process may
/// start.
///
/// After each step the caller performs the actions in order. The last one is a request or a wait. Its outcome is the
/// input of the next step.
package struct LeaderElection<Instant: InstantProtocol & Sendable>: Sendable where Instant.Duration == Duration {
    package enum Input: Sendable {
        case start
        /// The response to `.get`.
        case found(Lease)
        /// The response to `.create` or `.update`.
        case stored(Lease)
        /// The request failed.
        case failed(KubeError)
        /// The wait is over.
        case waited
    }

    package enum Action: Sendable, Equatable {
        /// Requests. Each fails if it has no response by `until`.
        case get(until: Instant)
        case create(Lease.Spec, until: Instant)
        case update(Lease.Spec, resourceVersion: String, until: Instant)
        case wait(Duration)
        /// This process leads until `until`, or longer if it renews the Lease.
        case acquired(until: Instant)
        case renewed(until: Instant)
        case lost
        /// Another process leads. Emitted once for each holder.
        case following(holder: String)
        case report(KubeError)
    }

    package struct Policy: Sendable, Equatable {
        /// How long other candidates wait after our last renewal, in whole seconds.
        package var duration: Duration = .seconds(15)
        /// How long we lead from the start of the last successful request.
        package var renewDeadline: Duration = .seconds(10)
        /// How long to wait between requests.
        package var retryPeriod: Duration = .seconds(2)

        package init() {}
    }

    /// A candidate waits longer than the retry period by up to this multiple of it, so that candidates do not all send
    /// requests at once.
    package static var jitterFactor: Double { 1.2 }

    private enum Request {
        case get, create, update
    }

    private let identity: String
    private let predecessors: String?
    private let predecessorsAreDead: Bool
    private let policy: Policy
    /// The Lease as this process first read it.
    private var first: Lease.Spec?
    /// The Lease as it was last read, and when this content was first read.
    private var observed: (lease: Lease, at: Instant)?
    /// When our leadership ends; nil if we do not lead.
    private var end: Instant?
    /// The last request, and when it was started.
    private var asked: (Request, at: Instant)?
    private var lastHeard: String?

    /// - Parameters:
    ///   - identity: the identity of this process, which no other process has.
    ///   - predecessors: the common prefix of the identities of earlier processes of the same container. Nil if it is
    ///     not known.
    ///   - predecessorsAreDead: false if a running container of the same pod may use the same prefix.
    package init(
        identity: String, predecessors: String? = nil, predecessorsAreDead: Bool = true, policy: Policy = Policy()
    ) {
        self.identity = identity
        self.predecessors = predecessors
        self.predecessorsAreDead = predecessorsAreDead
        self.policy = policy
    }

    /// - Parameters:
    ///   - now: the time on a clock that also advances while the machine is suspended.
    ///   - wall: the time on the wall clock, for the times in the Lease, which are informational.
    ///   - random: a new random number from 0 to 1.
    package mutating func step(_ input: Input, at now: Instant, wall: Timestamp, random: Double) -> [Action] {
        var actions: [Action] = []
        if let end, end <= now { actions.append(loseLease()) }
        switch input {
        case .start, .waited: actions.append(next(now, wall))
        case .found(let lease): actions += found(lease, now, wall, random)
        case .stored(let lease): actions += stored(lease, now, wall, random)
        case .failed(let error): actions += failed(error, now, wall, random)
        }
        return actions
    }
}

extension LeaderElection {
    private mutating func next(_ now: Instant, _ wall: Timestamp) -> Action {
        // The leader already knows the Lease.
        guard end != nil, let observed else { return get(now) }
        return acquire(observed.lease, now, wall)
    }

    private mutating func get(_ now: Instant) -> Action {
        asked = (.get, now)
        return .get(until: limit(now))
    }

    /// The deadline of a request. If it gets no response, there is time for a second request.
    private func limit(_ now: Instant) -> Instant {
        let limit = now.advanced(by: policy.renewDeadline / 2)
        return end.map { min($0, limit) } ?? limit
    }

    private mutating func acquire(_ lease: Lease?, _ now: Instant, _ wall: Timestamp) -> Action {
        var spec = Lease.Spec()
        spec.holder = identity
        spec.durationSeconds = Int(policy.duration.components.seconds)
        spec.renewTime = wall
        spec.acquireTime = wall
        guard let lease else {
            asked = (.create, now)
            return .create(spec, until: limit(now))
        }
        if lease.spec.holder == identity {
            spec.acquireTime = lease.spec.acquireTime
            spec.transitions = lease.spec.transitions
        } else {
            // The API server rejects values that exceed an int32.
            spec.transitions = min(lease.spec.transitions, Int(Int32.max) - 1) + 1
        }
        asked = (.update, now)
        return .update(spec, resourceVersion: lease.metadata.resourceVersion ?? "", until: limit(now))
    }

    /// Whether the holder is an earlier process of our container. A holder that was seen to renew is alive whatever its
    /// identity: two agents that share a Lease by mistake must not take it from each other repeatedly. If the holder
    /// may be alive, wait for two retry periods, in which it would have renewed.
    private func isDead(_ spec: Lease.Spec, seen: Instant, _ now: Instant) -> Bool {
        guard let predecessors, spec.holder.utf8.starts(with: predecessors.utf8), spec == first else { return false }
        return predecessorsAreDead || seen.advanced(by: policy.retryPeriod * 2) <= now
    }

    private mutating func observe(_ lease: Lease, _ now: Instant) -> Instant {
        first = first ?? lease.spec
        // A change of only the metadata is not a renewal.
        let at = observed.flatMap { $0.lease.spec == lease.spec ? $0.at : nil } ?? now
        observed = (lease, at)
        return at
    }

    private mutating func found(_ lease: Lease, _ now: Instant, _ wall: Timestamp, _ random: Double) -> [Action] {
        let seen = observe(lease, now)
        let holder = lease.spec.holder
        let duration = lease.spec.durationSeconds.flatMap { $0 > 0 ? .seconds($0) : nil } ?? policy.duration
        if holder == identity || holder.isEmpty || isDead(lease.spec, seen: seen, now)
            || seen.advanced(by: duration) <= now
        {
            return [acquire(lease, now, wall)]
        }
        var actions: [Action] = []
        if end != nil { actions.append(loseLease()) }
        if lastHeard != holder { actions.append(.following(holder: holder)) }
        lastHeard = holder
        return actions + [wait(now, random)]
    }

    private mutating func stored(_ lease: Lease, _ now: Instant, _ wall: Timestamp, _ random: Double) -> [Action] {
        guard lease.spec.holder == identity, let asked else { return found(lease, now, wall, random) }
        _ = observe(lease, now)
        let until = asked.at.advanced(by: policy.renewDeadline)
        // The response came after the leadership that it grants has ended.
        guard now < until else { return [wait(now, random)] }
        let action = end == nil ? Action.acquired(until: until) : .renewed(until: until)
        end = until
        lastHeard = nil
        return [action, wait(now, random)]
    }

    private mutating func failed(_ error: KubeError, _ now: Instant, _ wall: Timestamp, _ random: Double) -> [Action] {
        switch (error.kind, asked?.0) {
        case (.notFound, .get): return [acquire(nil, now, wall)]
        // Another process changed, created or deleted the Lease first.
        case (.conflict, _), (.alreadyExists, _), (.notFound, .update):
            return [end == nil ? wait(now, random) : get(now)]
        default: return [.report(error), wait(now, random, atLeast: min(error.retryAfter ?? .zero, policy.duration))]
        }
    }

    private func wait(_ now: Instant, _ random: Double, atLeast least: Duration = .zero) -> Action {
        guard let end else { return .wait(max(least, policy.retryPeriod * (1 + Self.jitterFactor * random))) }
        return .wait(min(policy.retryPeriod, now.duration(to: end)))
    }

    private mutating func loseLease() -> Action {
        end = nil
        return .lost
    }
}
