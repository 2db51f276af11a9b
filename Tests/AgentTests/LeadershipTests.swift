import Agent
import Glibc
import Kube
import KubeRuntime
import Stores
import TestSupport
import TestTraits
import Testing

@Suite("With leader election", .tags(.concurrent), .endsIfHung)
struct LeadershipTests {
    private let leadership = Leadership()

    private var later: ContinuousClock.Instant { .now + .seconds(600) }

    /// A test can only wait for a while to see that something does not happen: here longer than an agent without
    /// election currently needs for it on this machine.
    private func neverIdle(_ bench: Bench) async throws -> Bool {
        let other = Bench()
        await other.store.put(try other.distribution())
        try await other.working {
            try await other.tellAll()
            try await other.settle()
        }
        return await !happens(within: .milliseconds(300)) { bench.controller.isIdle }
    }

    @Test("a follower writes nothing and keeps its state; a new leader writes what is due, and no more")
    func follower() async throws {
        let bench = Bench(leadership: leadership)
        await bench.store.put(try bench.distribution())
        try await bench.working {
            try await bench.tellAll()
            await bench.mount(["a": "2"], "generation-2")
            #expect(try await neverIdle(bench))
            #expect(await bench.store.calls.isEmpty)
            leadership.lead(until: later)
            await bench.controller.lead()
            try await bench.settle()
            #expect(await bench.store.calls == ["create t", "status d"])
            #expect(await bench.secret("t")?.digests == ["a": bench.digest("2")])
        }
    }

    @Test("an agent that becomes leader again compares everything, including changes without an event")
    func comparesAll() async throws {
        let bench = Bench(leadership: leadership)
        leadership.lead(until: later)
        await bench.store.put(try bench.distribution())
        // Retried after a minute, or when something changes.
        await bench.store.fail(.create, [.rejected("no")])
        try await bench.working {
            try await bench.tellAll()
            // The requeue is pending, and no status is still to be written.
            try #require(await eventually { await (bench.waiting, bench.rests) == (1, true) })
            #expect(await bench.secret("t") == nil)
            leadership.follow()
            leadership.lead(until: later)
            await bench.controller.lead()
            try #require(await eventually { await bench.secret("t") != nil })
        }
    }

    @Test("nothing starts after the end of the term, even if the loss was not reported yet")
    func end() async throws {
        let bench = Bench(leadership: leadership)
        await bench.store.put(try bench.distribution())
        leadership.lead(until: .now)
        try await bench.working {
            await bench.controller.lead()
            try await bench.tellAll()
            #expect(try await neverIdle(bench))
            #expect(await bench.store.calls.isEmpty)
        }
    }

    @Test("a follower with a pending retry sleeps")
    func sleeps() async {
        await #expect(processExitsWith: .success) {
            let leadership = Leadership()
            let bench = Bench(leadership: leadership)
            leadership.lead(until: .now + .seconds(600))
            await bench.store.put(try bench.distribution())
            await bench.store.fail(.create, [.unavailable("no", retryAfter: nil)])
            try await bench.working {
                try await bench.tellAll()
                try #require(await eventually { await bench.store.calls.contains("status d") })
                leadership.follow()
                // Longer than the delay of the first retry.
                try await Task.sleep(for: .seconds(1))
                let before = clock()
                try await Task.sleep(for: .seconds(1))
                #expect(Double(clock() - before) / Double(CLOCKS_PER_SEC) < 0.2)
            }
        }
    }

    // MARK: On the way to the server

    @Test("a write is not sent without leadership, nor after its end; reads always are")
    func gate() async throws {
        let sent = SentRequests()
        let gate = LeaderOnlyTransport(sent, leadership)
        let write = Request.create(.secrets, namespace: "web", [:])
        for end in [nil, ContinuousClock.now] {
            if let end { leadership.lead(until: end) }
            await #expect(throws: KubeError(write.operation, .transport(.notLeading))) { try await gate.send(write) }
            let delete = Request.delete(.secrets, namespace: "web", name: "a", uid: nil)
            await #expect(throws: KubeError.self) { try await gate.send(delete) }
        }
        #expect(sent.all.isEmpty)
        let read = Request.get(.secrets, namespace: "web", name: "a")
        _ = try await gate.send(read)
        #expect(sent.all == [read])
    }

    @Test("a write is not sent after the end of the term in which it started")
    func limited() async throws {
        let sent = SentRequests()
        let end = later
        leadership.lead(until: end)
        var write = Request.mergePatch(.secrets, namespace: "web", name: "a", [:])
        _ = try await LeaderOnlyTransport(sent, leadership).send(write)
        write.startDeadline = end
        #expect(sent.all == [write])
    }

    @Test("a write continues while leadership is renewed, and is cancelled when it ends")
    func renewed() async throws {
        let silent = SilentTransport()
        let gate = LeaderOnlyTransport(silent, leadership)
        let request = Request.create(.secrets, namespace: "web", [:])
        // Long enough to send it on a busy machine; the term is renewed before its end, for a little longer.
        let term = ContinuousClock.now + .seconds(15)
        leadership.lead(until: term)
        let write = Task { try await gate.send(request) }
        try #require(await eventually { silent.isAsked.isOn })
        leadership.lead(until: term + .seconds(1))
        let error = await #expect(throws: KubeError.self) { try await write.value }
        #expect(error.map(\.isOutcomeUnknown) == true)
        guard case .transport(.timeout) = error?.kind else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(ContinuousClock.now >= term + .seconds(1))
        // A cancelled write reports the cancellation.
        leadership.lead(until: later)
        let other = Task { try await gate.send(request) }
        other.cancel()
        await #expect(throws: KubeError(request.operation, .transport(.cancelled))) { try await other.value }
    }

    @Test("a waiting write is cancelled when the leadership is lost before its end, even if it is regained at once")
    func lost() async throws {
        for comesBack in [false, true] {
            let silent = SilentTransport()
            let gate = LeaderOnlyTransport(silent, leadership)
            let end = ContinuousClock.now + .seconds(60)
            leadership.lead(until: end)
            let write = Task { try await gate.send(Request.create(.secrets, namespace: "web", [:])) }
            try #require(await eventually { silent.isAsked.isOn })
            leadership.follow()
            if comesBack { leadership.lead(until: end) }
            let error = await #expect(throws: KubeError.self) { try await write.value }
            #expect(error.map(\.isOutcomeUnknown) == true)
            #expect(ContinuousClock.now < end)
        }
    }

    @Test("a write that failed without leadership is retried")
    func error() {
        let error = StoreError(KubeError(Operation(.patch, resource: "secrets"), .transport(.notLeading)))
        #expect(error == .unavailable("cannot patch secrets: this agent does not lead", retryAfter: nil))
    }

    // MARK: Names

    @Test("each mark has its own Lease, with a name that the API accepts")
    func names() {
        let names = [
            "secrets-distributor", "me", "Me", "ME", "a.b", "a_b", "a-b", "a..b", String(repeating: "A", count: 63),
        ].map(Settings.leaseName)
        #expect(names[..<3] == ["secrets-distributor", "secrets-distributor-me", "secrets-distributor.4d65"])
        #expect(Set(names).count == names.count)
        for name in names {
            #expect(name.utf8.count <= 253)
            #expect(name.allSatisfy { $0.isLowercase || $0.isNumber || "-.".contains($0) })
        }
    }
}

/// Responds to nothing until it is cancelled.
private struct SilentTransport: KubeTransport {
    let isAsked = Switch(false)

    func send(_ request: Request) async throws(KubeError) -> Response {
        isAsked.isOn = true
        while !Task.isCancelled { try? await Task.sleep(for: .seconds(60)) }
        throw KubeError(request.operation, .transport(.cancelled))
    }

    func stream(_ request: Request) async throws(KubeError) -> any ByteStream {
        throw KubeError(request.operation, .transport(.shutDown))
    }
}
