package import Observability

/// Who leads: takes a Lease when it is free, renews it while it is ours. No I/O, no clock, no random source.
///
/// The semantics are those of client-go's `tools/leaderelection`, so that both can share a Lease. A Lease of another is
/// timed from when its last change was seen here, never by the times in it: clocks of different machines may differ by
/// any amount, only not in their rate. Our own lasts from the *begin* of the last request that renewed it, and less
/// long than others wait: we stop before another may begin.
///
/// After each step the caller performs the actions in order. The last one is a request or a wait, and its outcome is the
/// next step's input.
package struct LeaderElection<Instant: InstantProtocol & Sendable>: Sendable where Instant.Duration == Duration {
    package enum Input: Sendable {
        case start
        /// The answer to `.get`.
        case found(Lease)
        /// The answer to `.create` or `.update`.
        case stored(Lease)
        /// The request failed.
        case failed(KubeError)
        /// The wait is over.
        case waited
    }

    package enum Action: Sendable, Equatable {
        /// Requests; each fails if it has no answer by `until`.
        case get(until: Instant)
        case create(Lease.Spec, until: Instant)
        case update(Lease.Spec, resourceVersion: String, until: Instant)
        case wait(Duration)
        /// We lead until then, unless it is renewed.
        case acquired(until: Instant)
        case renewed(until: Instant)
        case lost
        /// Another leads; said once for each.
        case heard(holder: String)
        case report(KubeError)
    }

    package struct Policy: Sendable, Equatable {
        /// How long others have to wait for us when we are silent; whole seconds.
        package var duration: Duration = .seconds(15)
        /// How long we lead from the begin of the last successful request.
        package var renewDeadline: Duration = .seconds(10)
        /// How long to wait between requests.
        package var retryPeriod: Duration = .seconds(2)

        package init() {}
    }

    /// Who waits for a Lease waits up to so much of the period longer, so that not all come at once.
    package static var jitterFactor: Double { 1.2 }

    private enum Request {
        case get, create, update
    }

    private let identity: String
    private let predecessors: String?
    private let predecessorsAreDead: Bool
    private let policy: Policy
    /// The Lease as it was when this process saw it first.
    private var first: Lease.Spec?
    /// The Lease as it was last seen, and when its content was first seen to be so.
    private var observed: (lease: Lease, at: Instant)?
    /// Until when we lead; nil if we do not.
    private var end: Instant?
    /// The last request, and when it was begun.
    private var asked: (Request, at: Instant)?
    private var lastHeard: String?

    /// - Parameters:
    ///   - identity: of this process, no other's.
    ///   - predecessors: how the identities of processes start that ended before this one started: earlier ones of the same
    ///     container. Nil: not known.
    ///   - predecessorsAreDead: false if another container of the pod may be called so too, and be alive.
    package init(
        identity: String, predecessors: String? = nil, predecessorsAreDead: Bool = true, policy: Policy = Policy()
    ) {
        self.identity = identity
        self.predecessors = predecessors
        self.predecessorsAreDead = predecessorsAreDead
        self.policy = policy
    }

    /// - Parameters:
    ///   - now: on a clock that goes on while the machine sleeps.
    ///   - wall: the wall clock, for the times in the Lease, which are for people.
    ///   - random: from 0 to 1, new each time.
    package mutating func step(_ input: Input, at now: Instant, wall: Timestamp, random: Double) -> [Action] {
        var actions: [Action] = []
        if let end, end <= now { actions.append(lose()) }
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
        // Who leads knows the Lease already.
        guard end != nil, let observed else { return get(now) }
        return take(observed.lease, now, wall)
    }

    private mutating func get(_ now: Instant) -> Action {
        asked = (.get, now)
        return .get(until: limit(now))
    }

    /// One that hangs leaves time for a second one.
    private func limit(_ now: Instant) -> Instant {
        let limit = now.advanced(by: policy.renewDeadline / 2)
        return end.map { min($0, limit) } ?? limit
    }

    private mutating func take(_ lease: Lease?, _ now: Instant, _ wall: Timestamp) -> Action {
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
            // An int32 for the API server, which refuses more.
            spec.transitions = min(lease.spec.transitions, Int(Int32.max) - 1) + 1
        }
        asked = (.update, now)
        return .update(spec, resourceVersion: lease.metadata.resourceVersion ?? "", until: limit(now))
    }

    /// An earlier process of our container holds it. One that was seen to renew is alive, whatever it is called: two agents
    /// that share a Lease by mistake must not take it from each other again and again. One that may be alive would have
    /// renewed within two periods.
    private func isDead(_ spec: Lease.Spec, seen: Instant, _ now: Instant) -> Bool {
        guard let predecessors, spec.holder.utf8.starts(with: predecessors.utf8), spec == first else { return false }
        return predecessorsAreDead || seen.advanced(by: policy.retryPeriod * 2) <= now
    }

    private mutating func observe(_ lease: Lease, _ now: Instant) -> Instant {
        first = first ?? lease.spec
        // A change of a label says nothing of its holder.
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
            return [take(lease, now, wall)]
        }
        var actions: [Action] = []
        if end != nil { actions.append(lose()) }
        if lastHeard != holder { actions.append(.heard(holder: holder)) }
        lastHeard = holder
        return actions + [wait(now, random)]
    }

    private mutating func stored(_ lease: Lease, _ now: Instant, _ wall: Timestamp, _ random: Double) -> [Action] {
        guard lease.spec.holder == identity, let asked else { return found(lease, now, wall, random) }
        _ = observe(lease, now)
        let until = asked.at.advanced(by: policy.renewDeadline)
        // An answer that came so late is worth nothing.
        guard now < until else { return [wait(now, random)] }
        let action = end == nil ? Action.acquired(until: until) : .renewed(until: until)
        end = until
        lastHeard = nil
        return [action, wait(now, random)]
    }

    private mutating func failed(_ error: KubeError, _ now: Instant, _ wall: Timestamp, _ random: Double) -> [Action] {
        switch (error.kind, asked?.0) {
        case (.notFound, .get): return [take(nil, now, wall)]
        // Somebody was faster, or has removed it.
        case (.conflict, _), (.alreadyExists, _), (.notFound, .update):
            return [end == nil ? wait(now, random) : get(now)]
        default: return [.report(error), wait(now, random, atLeast: min(error.retryAfter ?? .zero, policy.duration))]
        }
    }

    private func wait(_ now: Instant, _ random: Double, atLeast least: Duration = .zero) -> Action {
        guard let end else { return .wait(max(least, policy.retryPeriod * (1 + Self.jitterFactor * random))) }
        return .wait(min(policy.retryPeriod, now.duration(to: end)))
    }

    private mutating func lose() -> Action {
        end = nil
        return .lost
    }
}
