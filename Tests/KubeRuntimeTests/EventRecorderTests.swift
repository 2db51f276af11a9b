import JSON
import Kube
import KubeRuntime
import LinuxIO
import TestSupport
import TestTraits
import Testing

@Suite("The event recorder", .tags(.concurrent), .endsIfHung)
struct EventRecorderTests {
    private let requests = AnsweredRequests()
    private let logs = LineRecorder()

    /// Runs a recorder while `body` runs, then flushes it.
    private func recording(_ body: (EventRecorder) async throws -> Void) async rethrows {
        let recorder = EventRecorder(client: requests, logger: logs.logger)
        async let running: Void = recorder.run()
        try await body(recorder)
        await recorder.flush()
        await running
    }

    private func record(
        _ recorder: EventRecorder, _ message: String = "m", in namespace: String = "shop", on name: String = "app"
    ) {
        recorder.record(
            .warning,
            on: Event.Object(
                apiVersion: "v1", kind: "K", namespace: namespace, name: name, uid: name, resourceVersion: nil),
            reason: "WriteFailed", message: message)
    }

    @Test("creates an Event, and increases its count with a patch when it happens again")
    func counts() async throws {
        await recording { recorder in
            for _ in 1...3 { record(recorder) }
        }
        try #require(requests.all.map(\.method) == [.post, .patch, .patch])
        let manifest = try JSONValue(json: requests.all[0].body)
        let name = try #require(manifest["metadata"]?["name"]?.string)
        #expect(requests.all[0].path == "/api/v1/namespaces/shop/events")
        #expect(requests.all[1].path == "/api/v1/namespaces/shop/events/\(name)")
        #expect(try JSONValue(json: requests.all[2].body)["count"] == 3)
    }

    @Test("recreates a deleted Event, with its count")
    func gone() async throws {
        requests.answer(.patch, [.notFound(message: "expired")])
        await recording { recorder in
            for _ in 1...2 { record(recorder) }
        }
        try #require(requests.all.map(\.method) == [.post, .patch, .post])
        #expect(try JSONValue(json: requests.all[2].body)["count"] == 2)
    }

    @Test("logs a missing permission once, and sends no more Events to that namespace, and to others as before")
    func forbidden() async {
        requests.answer(.post, [.forbidden(message: "no"), .forbidden(message: "no")])
        await recording { recorder in
            for number in 1...50 { record(recorder, on: "app-\(number)") }
            record(recorder, in: "second")
            for number in 1...50 { record(recorder, in: "second", on: "app-\(number)") }
            record(recorder, in: "third")
        }
        #expect(requests.all.map(\.operation.namespace) == ["shop", "second", "third"])
        #expect(logs.count("events cannot be written") == 1)
        #expect(logs.contains("INFO", "events cannot be written", "roleNeeds=\"create and patch on events\""))
        #expect(logs.lines.count == 1)
    }

    @Test(
        "retries temporary errors",
        arguments: [
            KubeError.Kind.transport(.connect(reason: "refused")), .server(status: 503, reason: nil, retryAfter: nil),
            .tooManyRequests(retryAfter: nil),
        ])
    func retries(kind: KubeError.Kind) async {
        requests.answer(.post, [kind])
        await recording { recorder in
            record(recorder)
            #expect(await eventually { requests.all.count == 2 })
        }
        #expect(requests.all.count == 2)
    }

    @Test(
        "does not retry permanent errors, and continues with the next Event",
        arguments: [
            KubeError.Kind.namespaceTerminating, .invalid(status: 422, fields: []), .transport(.notLeading),
            .alreadyExists(message: "it is"), .notFound(message: "no namespace"),
            .tooManyRequests(retryAfter: .seconds(86_400)),
        ])
    func noRetries(kind: KubeError.Kind) async {
        requests.answer(.post, [kind])
        await recording { recorder in
            record(recorder, on: "one")
            record(recorder, on: "two")
        }
        #expect(requests.all.count == 2)
        #expect(!logs.lines.contains { $0.contains(" INFO ") || $0.contains(" WARNING ") })
    }

    @Test("keeps the newest thousand queued Events")
    func bounded() async {
        let recorder = EventRecorder(client: requests, logger: logs.logger)
        for number in 1...1500 { record(recorder, on: "app-\(number)") }
        async let running: Void = recorder.run()
        #expect(await eventually { requests.all.count == 1000 })
        await recorder.flush()
        await running
        #expect(requests.all.count == 1000)
        let last = requests.all.last.flatMap { try? JSONValue(json: $0.body) }
        #expect(last?["involvedObject"]?["name"] == "app-1500")
    }

    @Test("never blocks if the API server does not respond, neither the caller nor the shutdown")
    func hangs() async {
        let recorder = EventRecorder(client: HangingTransport(), logger: logs.logger)
        let running = Task { await recorder.run() }
        for number in 1...100 { record(recorder, on: "app-\(number)") }
        // Otherwise this test does not end.
        await recorder.flush()
        running.cancel()
        await running.value
    }
}

/// Responds with the given errors first, and then with 200.
private final class AnsweredRequests: KubeTransport {
    private struct State {
        var requests: [Request] = []
        var errors: [Request.Method: [KubeError.Kind]] = [:]
    }

    private let state = Mutex(State())

    var all: [Request] { state.withLock { $0.requests } }

    func answer(_ method: Request.Method, _ errors: [KubeError.Kind]) {
        state.withLock { $0.errors[method] = errors }
    }

    func send(_ request: Request) async throws(KubeError) -> Response {
        let error = state.withLock { state -> KubeError.Kind? in
            state.requests.append(request)
            guard state.errors[request.method]?.isEmpty == false else { return nil }
            return state.errors[request.method]?.removeFirst()
        }
        if let error { throw KubeError(request.operation, error) }
        return Response(status: 200)
    }

    func stream(_ request: Request) async throws(KubeError) -> any ByteStream {
        throw KubeError(request.operation, .transport(.shutDown))
    }
}

/// Responds to nothing until it is cancelled.
private struct HangingTransport: KubeTransport {
    func send(_ request: Request) async throws(KubeError) -> Response {
        // Silent until it is cancelled; nothing waits for a time.
        while !Task.isCancelled { try? await Task.sleep(for: .seconds(60)) }
        throw KubeError(request.operation, .transport(.cancelled))
    }

    func stream(_ request: Request) async throws(KubeError) -> any ByteStream {
        throw KubeError(request.operation, .transport(.shutDown))
    }
}
