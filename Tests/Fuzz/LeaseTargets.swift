import JSON
import Kube
import Observability

enum LeaseTargets {
    /// A Lease as JSON, or six bytes for each step of an election.
    static let lease: Fuzz.Target = { bytes in
        guard let json = try? JSONValue(json: bytes) else {
            var election = WatchedElection()
            for start in stride(from: 0, to: bytes.count - 5, by: 6) {
                election.step(Array(bytes[start..<(start + 6)]))
            }
            return
        }
        guard let lease = try? JSONBytes.decode(Lease.self, from: json.encoded()) else { return }
        var election = WatchedElection()
        for kind: UInt8 in [0, 0, 4, 0] { election.step([255, 255, kind, 0, 0, 0], seeing: lease.spec) }
        let times = [lease.spec.acquireTime, lease.spec.renewTime]
        // A year after 9999 has no representation.
        guard times.allSatisfy({ $0.map { $0.seconds < 253_402_300_800 } ?? true }) else { return }
        var expected = lease.spec
        expected.acquireTime = expected.acquireTime.map(micro)
        expected.renewTime = expected.renewTime.map(micro)
        let manifest = expected.manifest(name: "a", namespace: "b")
        let patched = json.merging(lease.spec.mergePatch(resourceVersion: "7"))
        for written in [manifest, lease.spec.manifest(name: "a", namespace: "b"), patched] {
            let read = try? JSONBytes.decode(Lease.self, from: written.encoded())
            Fuzz.require(read?.spec == expected, "a value is the same after writing and reading it")
        }
        Fuzz.require(patched["metadata"]?["resourceVersion"] == "7", "a patch names one version")
    }

    private static func micro(_ time: Timestamp) -> Timestamp {
        Timestamp(seconds: time.seconds, nanoseconds: time.nanoseconds / 1000 * 1000)
    }
}

/// An election, with an observer that checks it by what each replica requested and when.
private struct WatchedElection {
    private typealias Election = LeaderElection<ContinuousClock.Instant>

    private static let policy = Election.Policy()
    private static let begin = ContinuousClock.now

    private var election = Election(identity: "me")
    private var now = begin
    /// The last requested action, and its time.
    private var asked = Election.Action.wait(.zero)
    private var askedAt = begin
    private var isFirst = true
    /// The time until which it considers itself leader.
    private var end: ContinuousClock.Instant?
    /// The last Lease that was seen, and the time since when it is unchanged.
    private var seen: (spec: Lease.Spec, since: ContinuousClock.Instant)?

    /// Two bytes of time, the outcome, the holder, the duration of the Lease, and other changes.
    mutating func step(_ bytes: [UInt8], seeing spec: Lease.Spec? = nil) {
        now = now.advanced(by: .milliseconds((Int(bytes[0]) << 8 | Int(bytes[1])) * 10))
        if case .wait(let delay) = asked { now = max(now, askedAt.advanced(by: delay)) }
        let input = input(bytes, spec ?? Self.spec(bytes))
        isFirst = false
        var stored: Lease?
        switch input {
        case .stored(let lease):
            stored = lease
            see(lease)
        case .found(let lease): see(lease)
        default: break
        }
        let mayTake = seen.map { seen in
            let said = seen.spec.durationSeconds ?? 0
            let duration = said > 0 ? .seconds(said) : Self.policy.duration
            return ["", "me"].contains(seen.spec.holder) || seen.since.advanced(by: duration) <= now
        }
        let actions = election.step(
            input, at: now, wall: Timestamp(seconds: Int64(bytes[5])), random: Double(bytes[4]) / 255)
        if let end, end <= now {
            Fuzz.require(actions.first == .lost, "a leader whose term has ended reports the loss first")
        }
        for (index, action) in actions.enumerated() {
            let isLast = index == actions.count - 1
            switch action {
            case .acquired(let until), .renewed(let until):
                Fuzz.require(
                    (end == nil) == (action == .acquired(until: until)), "a leader does not become leader again")
                Fuzz.require(stored?.spec.holder == "me", "only a stored Lease of our own makes us leader")
                Fuzz.require(
                    until == askedAt.advanced(by: Self.policy.renewDeadline), "the term counts from the request")
                Fuzz.require(until > now, "nobody becomes leader after the end of the term")
                end = until
            case .lost:
                Fuzz.require(end != nil, "only a leader can lose the lease")
                end = nil
            case .update(let spec, _, let until):
                Fuzz.require(mayTake == true, "no other leader's term is shortened")
                Fuzz.require(spec.holder == "me", "a Lease is acquired for our identity")
                check(isLast, until)
                if seen?.spec.holder != "me" {
                    Fuzz.require(spec.transitions <= Int(Int32.max), "the API server accepts the Lease")
                }
            case .get(let until), .create(_, let until): check(isLast, until)
            case .wait(let delay):
                Fuzz.require(isLast && delay > .zero && delay <= .seconds(86_400), "a wait is finite")
                if let end {
                    Fuzz.require(now.advanced(by: delay) <= end, "a leader renews before the end of its term")
                }
            case .following(let holder): Fuzz.require(!["", "me"].contains(holder) && end == nil, "another leads")
            case .report: Fuzz.require(!isLast, "an error has a next action")
            }
        }
        askedAt = now
        asked = actions.last ?? .wait(.zero)
    }

    private func check(_ isLast: Bool, _ until: ContinuousClock.Instant) {
        Fuzz.require(isLast && until > now, "a request is the last action, and has a timeout")
        if let end { Fuzz.require(until <= end, "no request of a leader lasts beyond its term") }
    }

    private mutating func see(_ lease: Lease) {
        if seen?.spec != lease.spec { seen = (lease.spec, now) }
    }

    /// A possible result of the requested action.
    private func input(_ bytes: [UInt8], _ spec: Lease.Spec) -> Election.Input {
        if isFirst { return .start }
        let kinds: [KubeError.Kind] = [
            .notFound(message: ""), .conflict(message: ""), .alreadyExists(message: ""),
            .tooManyRequests(retryAfter: .seconds(7)), .transport(.timeout(reason: "")),
        ]
        let failure = Int(bytes[2]) - 8
        let lease = { Lease(metadata: ObjectMeta(name: "l", resourceVersion: "1"), spec: $0) }
        switch asked {
        case .wait: return .waited
        case _ where failure >= 0:
            return .failed(KubeError(Operation(.get, resource: "leases"), kinds[failure % kinds.count]))
        case .get: return .found(lease(spec))
        // In most cases the server has stored what was sent.
        case .create(let wanted, _) where bytes[2] >= 4: return .stored(lease(wanted))
        case .update(let wanted, _, _) where bytes[2] >= 4: return .stored(lease(wanted))
        default: return .stored(lease(spec))
        }
    }

    private static func spec(_ bytes: [UInt8]) -> Lease.Spec {
        var spec = Lease.Spec()
        spec.holder = ["", "me", "other", "third"][Int(bytes[3]) % 4]
        spec.durationSeconds = bytes[4] == 0 ? nil : Int(bytes[4]) - 1
        spec.renewTime = Timestamp(seconds: Int64(bytes[5]))
        spec.transitions = bytes[5] == 255 ? .max : 1
        return spec
    }
}
