import Kube
import KubeRuntime
import TestSupport
import TestTraits
import Testing

@Suite("With leader election", .tags(.concurrent), .endsIfHung)
struct LeadershipTests {
    private let leadership = Leadership()

    private var later: ContinuousClock.Instant { .now + .seconds(600) }

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
        leadership.lead(until: later)
        let write = Task { try await gate.send(request) }
        try #require(await eventually { silent.isAsked.isOn })
        // The term is renewed before its end, for a little longer.
        let term = ContinuousClock.now + .seconds(5)
        leadership.lead(until: term)
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
            let end = later
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
}

/// Responds to nothing until it is cancelled.
private struct SilentTransport: KubeTransport {
    let isAsked = Switch(false)

    func send(_ request: Request) async throws(KubeError) -> Response {
        isAsked.isOn = true
        // Silent until it is cancelled; nothing waits for a time.
        while !Task.isCancelled { try? await Task.sleep(for: .seconds(60)) }
        throw KubeError(request.operation, .transport(.cancelled))
    }

    func stream(_ request: Request) async throws(KubeError) -> any ByteStream {
        throw KubeError(request.operation, .transport(.shutDown))
    }
}
