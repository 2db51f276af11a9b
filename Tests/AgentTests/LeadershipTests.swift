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

    /// That something does not happen can only be waited for a while, and longer than an agent without election takes
    /// for it on this machine now.
    private func neverIdle(_ bench: Bench) async throws -> Bool {
        let other = Bench()
        await other.store.put(try other.distribution())
        try await other.working {
            try await other.tellAll()
            try await other.settle()
        }
        return await !happens(within: .milliseconds(300)) { await bench.controller.isIdle }
    }

    @Test("a follower writes nothing and forgets nothing; who becomes leader writes what is due, and no more")
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

    @Test("who becomes leader again compares everything, also that of which no event tells")
    func comparesAll() async throws {
        let bench = Bench(leadership: leadership)
        leadership.lead(until: later)
        await bench.store.put(try bench.distribution())
        // Tried again in a minute, or when something changes.
        await bench.store.fail(.create, [.rejected("no")])
        try await bench.working {
            try await bench.tellAll()
            // The second look, and no status that is still to be written.
            try #require(await eventually { await (bench.waiting, bench.rests) == (1, true) })
            #expect(await bench.secret("t") == nil)
            leadership.follow()
            leadership.lead(until: later)
            await bench.controller.lead()
            try #require(await eventually { await bench.secret("t") != nil })
        }
    }

    @Test("nothing is begun after the end, though nobody has said that it has come")
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

    @Test("a follower with a key that was to be tried again sleeps")
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
                // Longer than the first retry waits.
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

    @Test("a write is not sent after the end of the term that it was begun in")
    func limited() async throws {
        let sent = SentRequests()
        let end = later
        leadership.lead(until: end)
        var write = Request.mergePatch(.secrets, namespace: "web", name: "a", [:])
        _ = try await LeaderOnlyTransport(sent, leadership).send(write)
        write.startDeadline = end
        #expect(sent.all == [write])
    }

    @Test("a write goes on while leadership is renewed, and is given up when it ends")
    func renewed() async throws {
        let silent = SilentTransport()
        let gate = LeaderOnlyTransport(silent, leadership)
        let request = Request.create(.secrets, namespace: "web", [:])
        // A term in which a busy machine sends it; it is renewed before it ends, for a little longer.
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
        // Who is cancelled hears that.
        leadership.lead(until: later)
        let other = Task { try await gate.send(request) }
        other.cancel()
        await #expect(throws: KubeError(request.operation, .transport(.cancelled))) { try await other.value }
    }

    @Test("a write that waits is given up when the leadership is lost before its end, also if it comes back at once")
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

    @Test("what was not written for want of leadership is tried again")
    func error() {
        let error = StoreError(KubeError(Operation(.patch, resource: "secrets"), .transport(.notLeading)))
        #expect(error == .unavailable("cannot patch secrets: this agent does not lead", retryAfter: nil))
    }

    // MARK: Names

    @Test("each mark has a Lease of its own, with a name that the API takes")
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

/// Answers nothing, until it is cancelled.
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
