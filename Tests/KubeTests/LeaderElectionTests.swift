import Kube
import Observability
import TestSupport
import Testing

private typealias Election = LeaderElection<ManualInstant>

/// One step of a transcript: the time, the input and the expected actions.
struct ElectionStep: Sendable {
    let milliseconds: Int
    fileprivate let input: Election.Input
    let actions: String

    fileprivate init(_ milliseconds: Int, _ input: Election.Input, _ actions: String) {
        self.milliseconds = milliseconds
        self.input = input
        self.actions = actions
    }
}

struct ElectionScript: Sendable, CustomTestStringConvertible {
    let name: String
    let steps: [ElectionStep]
    var testDescription: String { name }
}

/// Our identity is `me`. The others' term is 15 s, our term is 10 s from a request, and we check every 2 s.
struct LeaderElectionTests {
    @Test(arguments: scripts)
    func `the election follows the transcript`(script: ElectionScript) {
        var election = Election(identity: "me")
        for (index, step) in script.steps.enumerated() {
            let actions = election.step(
                step.input, at: ManualInstant(step.milliseconds),
                wall: Timestamp(seconds: Int64(step.milliseconds / 1000)), random: 0)
            #expect(actions.map(text).joined(separator: ", ") == step.actions, "step \(index)")
        }
    }

    @Test(arguments: [(0.0, 2000), (0.5, 3200), (1.0, 4400)])
    func `a follower waits up to 1.2 times longer; a leader does not`(random: Double, milliseconds: Int) {
        var election = Election(identity: "me")
        let time = ManualInstant(0)
        let wait = election.step(.found(lease("1", "other")), at: time, wall: Timestamp(seconds: 0), random: random)
        guard case .wait(let delay) = wait.last else {
            Issue.record("no wait")
            return
        }
        #expect(abs(delay / .milliseconds(1) - Double(milliseconds)) < 0.1)
        _ = election.step(.found(lease("2", "")), at: time, wall: Timestamp(seconds: 0), random: random)
        let led = election.step(.stored(lease("3", "me")), at: time, wall: Timestamp(seconds: 0), random: random)
        #expect(led.last == .wait(.seconds(2)))
    }

    @Test(arguments: restarts)
    func `a new process after an earlier one of the same container`(script: ElectionScript) {
        run(script, Election(identity: "pod_uid_2", predecessors: "pod_uid_"))
    }

    @Test(arguments: strangers)
    func `a process that knows its pod but not its container`(script: ElectionScript) {
        run(script, Election(identity: "pod_uid_2", predecessors: "pod_uid_", predecessorsAreDead: false))
    }

    private func run(_ script: ElectionScript, _ election: Election) {
        var election = election
        for (index, step) in script.steps.enumerated() {
            let actions = election.step(
                step.input, at: ManualInstant(step.milliseconds),
                wall: Timestamp(seconds: Int64(step.milliseconds / 1000)), random: 0)
            #expect(actions.map(text).joined(separator: ", ") == step.actions, "step \(index)")
        }
    }

    private func text(_ action: Election.Action) -> String {
        switch action {
        case .get(let until): "get until \(until.text)"
        case .create(let spec, let until): "create \(spec.text) until \(until.text)"
        case .update(let spec, let version, let until): "update \(version) \(spec.text) until \(until.text)"
        case .wait(let delay): "wait \(ManualInstant(0).advanced(by: delay).text)"
        case .acquired(let until): "acquired until \(until.text)"
        case .renewed(let until): "renewed until \(until.text)"
        case .lost: "lost"
        case .following(let holder): "heard \(holder)"
        case .report(let error): "report \(error.operation.verb)"
        }
    }
}

extension ManualInstant {
    /// In seconds.
    fileprivate var text: String {
        let tenths = elapsed.components.seconds * 10 + elapsed.components.attoseconds / 100_000_000_000_000_000
        return tenths % 10 == 0 ? "\(tenths / 10)" : "\(tenths / 10).\(tenths % 10)"
    }
}

extension Lease.Spec {
    /// `holder/duration a<acquired> r<renewed> t<transitions>`.
    fileprivate var text: String {
        "\(holder)/\(durationSeconds ?? 0) a\(acquireTime?.seconds ?? -1) r\(renewTime?.seconds ?? -1) t\(transitions)"
    }
}

private func lease(
    _ version: String, _ holder: String, renewed: Int64 = 0, duration: Int? = 15, transitions: Int = 0,
    acquired: Int64 = 0
) -> Lease {
    var spec = Lease.Spec()
    spec.holder = holder
    spec.durationSeconds = duration
    spec.acquireTime = Timestamp(seconds: acquired)
    spec.renewTime = Timestamp(seconds: renewed)
    spec.transitions = transitions
    return Lease(metadata: ObjectMeta(name: "l", resourceVersion: version), spec: spec)
}

private func failed(_ kind: KubeError.Kind, _ verb: Operation.Verb = .patch) -> Election.Input {
    .failed(KubeError(Operation(verb, resource: "leases"), kind))
}

private let conflict = failed(.conflict(message: ""))
private let silence = failed(.transport(.timeout(reason: "")))

/// Acquires the free Lease at once and leads until 10 s.
private let leading = [
    ElectionStep(0, .start, "get until 5"),
    ElectionStep(0, .found(lease("1", "")), "update 1 me/15 a0 r0 t1 until 5"),
    ElectionStep(500, .stored(lease("2", "me", transitions: 1)), "acquired until 10, wait 2"),
]

private func script(_ name: String, _ steps: ElectionStep..., after: [ElectionStep] = []) -> ElectionScript {
    ElectionScript(name: name, steps: after + steps)
}

private let restarts = [
    script(
        "acquires its Lease at once",
        ElectionStep(0, .start, "get until 5"),
        ElectionStep(0, .found(lease("1", "pod_uid_1")), "update 1 pod_uid_2/15 a0 r0 t1 until 5"),
        ElectionStep(0, .stored(lease("2", "pod_uid_2", transitions: 1)), "acquired until 10, wait 2")),
    script(
        "acquires it also if the first response was lost",
        ElectionStep(0, .found(lease("1", "pod_uid_1")), "update 1 pod_uid_2/15 a0 r0 t1 until 5"),
        ElectionStep(5000, silence, "report patch, wait 2"),
        ElectionStep(7000, .waited, "get until 12"),
        ElectionStep(7000, .found(lease("1", "pod_uid_1")), "update 1 pod_uid_2/15 a7 r7 t1 until 12")),
    script(
        "waits while another process renews it, because then two agents share the name",
        ElectionStep(0, .found(lease("1", "pod_uid_1")), "update 1 pod_uid_2/15 a0 r0 t1 until 5"),
        ElectionStep(0, conflict, "wait 2"),
        ElectionStep(2000, .waited, "get until 7"),
        ElectionStep(2000, .found(lease("2", "pod_uid_1", renewed: 1)), "heard pod_uid_1, wait 2"),
        ElectionStep(4000, .found(lease("3", "pod_uid_1", renewed: 3)), "wait 2")),
    script(
        "does not take the Lease back from a later process",
        ElectionStep(0, .found(lease("1", "")), "update 1 pod_uid_2/15 a0 r0 t1 until 5"),
        ElectionStep(0, .stored(lease("2", "pod_uid_2", transitions: 1)), "acquired until 10, wait 2"),
        ElectionStep(2000, .waited, "update 2 pod_uid_2/15 a0 r2 t1 until 7"),
        ElectionStep(2000, conflict, "get until 7"),
        ElectionStep(2000, .found(lease("3", "pod_uid_3", renewed: 1)), "lost, heard pod_uid_3, wait 2")),
    script(
        "waits for another pod's Lease, even with the same name",
        ElectionStep(0, .found(lease("1", "pod_other_1")), "heard pod_other_1, wait 2"),
        ElectionStep(2000, .found(lease("1", "pod_other_1")), "wait 2"),
        ElectionStep(4000, .found(lease("2", "pod_1", renewed: 3)), "heard pod_1, wait 2")),
]

private let strangers = [
    script(
        "acquires its Lease if it was not renewed for two periods",
        ElectionStep(0, .start, "get until 5"),
        ElectionStep(0, .found(lease("1", "pod_uid_1")), "heard pod_uid_1, wait 2"),
        ElectionStep(3900, .found(lease("1", "pod_uid_1")), "wait 2"),
        ElectionStep(4000, .found(lease("1", "pod_uid_1")), "update 1 pod_uid_2/15 a4 r4 t1 until 9"),
        ElectionStep(4000, .stored(lease("2", "pod_uid_2", transitions: 1)), "acquired until 14, wait 2")),
    script(
        "waits while it is renewed: another container of the pod is alive",
        ElectionStep(0, .found(lease("1", "pod_uid_1")), "heard pod_uid_1, wait 2"),
        ElectionStep(2000, .found(lease("2", "pod_uid_1", renewed: 2)), "wait 2"),
        ElectionStep(16_900, .found(lease("2", "pod_uid_1", renewed: 2)), "wait 2"),
        ElectionStep(17_000, .found(lease("2", "pod_uid_1", renewed: 2)), "update 2 pod_uid_2/15 a17 r17 t1 until 22")),
]

private let scripts = [
    script(
        "without a Lease it creates one, and leads from the start of that request",
        ElectionStep(0, .start, "get until 5"),
        ElectionStep(400, failed(.notFound(message: ""), .get), "create me/15 a0 r0 t0 until 5.4"),
        ElectionStep(900, .stored(lease("1", "me")), "acquired until 10.4, wait 2")),
    script(
        "the slower of two creators reads the Lease of the other",
        ElectionStep(0, .start, "get until 5"),
        ElectionStep(0, failed(.notFound(message: ""), .get), "create me/15 a0 r0 t0 until 5"),
        ElectionStep(0, failed(.alreadyExists(message: ""), .create), "wait 2"),
        ElectionStep(2000, .waited, "get until 7"),
        ElectionStep(2000, .found(lease("1", "other")), "heard other, wait 2")),
    script(
        "a missing namespace is reported",
        ElectionStep(0, .start, "get until 5"),
        ElectionStep(0, failed(.notFound(message: ""), .get), "create me/15 a0 r0 t0 until 5"),
        ElectionStep(0, failed(.notFound(message: ""), .create), "report create, wait 2")),
    script(
        "a leader renews without reading first, and keeps the acquire time and the transitions",
        ElectionStep(2500, .waited, "update 2 me/15 a0 r2 t1 until 7.5"),
        ElectionStep(2600, .stored(lease("3", "me", renewed: 2, transitions: 1)), "renewed until 12.5, wait 2"),
        ElectionStep(4600, .waited, "update 3 me/15 a0 r4 t1 until 9.6"), after: leading),
    script(
        "another holder's Lease is respected for its duration, from the time its last change was seen here",
        ElectionStep(0, .start, "get until 5"),
        // Its clock is hours behind, and then ahead: both are ignored.
        ElectionStep(0, .found(lease("1", "other", renewed: -20_000, duration: 4)), "heard other, wait 2"),
        ElectionStep(2000, .waited, "get until 7"),
        ElectionStep(3000, .found(lease("2", "other", renewed: 20_000, duration: 4)), "wait 2"),
        ElectionStep(6900, .waited, "get until 11.9"),
        // An edit of its labels does not make it newer.
        ElectionStep(6900, .found(lease("3", "other", renewed: 20_000, duration: 4)), "wait 2"),
        ElectionStep(
            7000, .found(lease("3", "other", renewed: 20_000, duration: 4)), "update 3 me/15 a7 r7 t1 until 12"),
        ElectionStep(7000, .stored(lease("4", "me", renewed: 7, transitions: 1)), "acquired until 17, wait 2")),
    script(
        "a Lease without a duration is respected for our own duration",
        ElectionStep(0, .found(lease("1", "other", duration: nil)), "heard other, wait 2"),
        ElectionStep(14_900, .found(lease("1", "other", duration: nil)), "wait 2"),
        ElectionStep(15_000, .found(lease("1", "other", duration: nil)), "update 1 me/15 a15 r15 t1 until 20")),
    script(
        "a released Lease is acquired at once",
        ElectionStep(0, .found(lease("1", "other")), "heard other, wait 2"),
        ElectionStep(2000, .waited, "get until 7"),
        ElectionStep(2000, .found(lease("2", "", duration: 1, transitions: 8)), "update 2 me/15 a2 r2 t9 until 7")),
    script(
        "a Lease with the maximum number of transitions is acquired too",
        ElectionStep(
            0, .found(lease("1", "", transitions: Int(Int32.max))), "update 1 me/15 a0 r0 t2147483647 until 5"),
        ElectionStep(0, .found(lease("2", "", transitions: .max)), "update 2 me/15 a0 r0 t2147483647 until 5")),
    script(
        "of two that acquire it one wins; the other follows",
        ElectionStep(0, .start, "get until 5"),
        ElectionStep(0, .found(lease("1", "")), "update 1 me/15 a0 r0 t1 until 5"),
        ElectionStep(0, conflict, "wait 2"),
        ElectionStep(2000, .waited, "get until 7"),
        ElectionStep(2000, .found(lease("2", "other")), "heard other, wait 2"),
        ElectionStep(4000, .waited, "get until 9"),
        ElectionStep(4000, .found(lease("3", "third")), "heard third, wait 2")),
    script(
        "a leader that cannot renew retries until the term of its last renewal has ended, and leads no longer",
        ElectionStep(2500, .waited, "update 2 me/15 a0 r2 t1 until 7.5"),
        ElectionStep(7500, silence, "report patch, wait 2"),
        ElectionStep(9500, .waited, "update 2 me/15 a0 r9 t1 until 10"),
        ElectionStep(10_000, silence, "lost, report patch, wait 2"),
        ElectionStep(12_000, .waited, "get until 17"),
        // No other holder exists: there is no wait for our own Lease, and reading it does not make us leader.
        ElectionStep(12_000, .found(lease("2", "me", transitions: 1)), "update 2 me/15 a0 r12 t1 until 17"),
        ElectionStep(12_000, .stored(lease("4", "me", renewed: 12, transitions: 1)), "acquired until 22, wait 2"),
        after: leading),
    script(
        "a failure near the end is followed by one more attempt, at the end",
        ElectionStep(9000, .waited, "update 2 me/15 a0 r9 t1 until 10"),
        ElectionStep(9200, silence, "report patch, wait 0.8"),
        ElectionStep(10_000, .waited, "lost, get until 15"), after: leading),
    script(
        "a stopped leader leads no longer when it continues, whatever its first input is",
        ElectionStep(2500, .waited, "update 2 me/15 a0 r2 t1 until 7.5"),
        // The response has waited in the socket for a minute.
        ElectionStep(60_000, .stored(lease("3", "me", renewed: 2, transitions: 1)), "lost, wait 2"),
        ElectionStep(62_000, .waited, "get until 67"),
        ElectionStep(62_000, .found(lease("9", "other")), "heard other, wait 2"), after: leading),
    script(
        "a renewal that arrives after the end starts a new term",
        ElectionStep(9500, .waited, "update 2 me/15 a0 r9 t1 until 10"),
        ElectionStep(
            10_100, .stored(lease("3", "me", renewed: 9, transitions: 1)), "lost, acquired until 19.5, wait 2"),
        after: leading),
    script(
        "a response that is older than the term is ignored",
        ElectionStep(0, .start, "get until 5"),
        ElectionStep(0, .found(lease("1", "")), "update 1 me/15 a0 r0 t1 until 5"),
        ElectionStep(10_000, .stored(lease("2", "me")), "wait 2")),
    script(
        "a leader whose Lease was acquired by another stops at once",
        ElectionStep(2500, .waited, "update 2 me/15 a0 r2 t1 until 7.5"),
        ElectionStep(2500, conflict, "get until 7.5"),
        ElectionStep(2500, .found(lease("5", "other", transitions: 2)), "lost, heard other, wait 2"), after: leading),
    script(
        "a leader whose Lease was edited stays leader",
        ElectionStep(2500, .waited, "update 2 me/15 a0 r2 t1 until 7.5"),
        ElectionStep(2500, conflict, "get until 7.5"),
        ElectionStep(2600, .found(lease("5", "me", transitions: 1)), "update 5 me/15 a0 r2 t1 until 7.6"),
        ElectionStep(2700, .stored(lease("6", "me", renewed: 2, transitions: 1)), "renewed until 12.6, wait 2"),
        after: leading),
    script(
        "a leader whose Lease was deleted recreates it",
        ElectionStep(2500, .waited, "update 2 me/15 a0 r2 t1 until 7.5"),
        ElectionStep(2500, failed(.notFound(message: "")), "get until 7.5"),
        ElectionStep(2500, failed(.notFound(message: ""), .get), "create me/15 a2 r2 t0 until 7.5"),
        ElectionStep(2500, .stored(lease("8", "me", renewed: 2)), "renewed until 12.5, wait 2"), after: leading),
    script(
        "a follower respects the server's Retry-After",
        ElectionStep(0, .start, "get until 5"),
        ElectionStep(0, failed(.tooManyRequests(retryAfter: .seconds(7)), .get), "report get, wait 7")),
    script(
        "but waits no longer than a term: its heartbeat continues, and a recovered server soon has a leader",
        ElectionStep(0, .start, "get until 5"),
        ElectionStep(0, failed(.tooManyRequests(retryAfter: .seconds(86_400)), .get), "report get, wait 15")),
]
