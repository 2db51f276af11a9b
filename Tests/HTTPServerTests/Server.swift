import HTTPServer
import TestSupport

extension HTTPServer {
    /// A server that defers responses to `/later` and echoes the target otherwise, on a port of 127.0.0.1.
    static func test(_ change: (inout Limits) -> Void = { _ in }) throws -> HTTPServer {
        var limits = Limits.patient
        change(&limits)
        return try HTTPServer(host: "127.0.0.1", port: 0, limits: limits) { target in
            target == "/later" ? .later : .now(HTTPResponse(body: "now \(target)\n"))
        }
    }

    func client(_ text: String) -> RawClient {
        let client = RawClient(port: Int(port))
        client.send(text)
        return client
    }

    func ask(_ text: String) async -> String? { await client(text).received() }

    func get(_ target: String) async -> String? { await RawClient.get(target, port: Int(port)) }

    /// The next request that waits for its response.
    func next() async -> DeferredResponse? {
        for await deferred in deferredResponses { return deferred }
        return nil
    }
}
