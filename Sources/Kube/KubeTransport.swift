package import JSON
package import Observability

/// Sends requests to the API server.
package protocol KubeTransport: Sendable {
    /// - Throws: also for a response that is not a success. Cancellation ends the request with
    ///   `TransportFailure.cancelled`.
    func send(_ request: Request) async throws(KubeError) -> Response

    /// Starts a request whose response is a stream without a known end, such as a watch. Returns when the response
    /// headers have arrived and report success.
    func stream(_ request: Request) async throws(KubeError) -> any ByteStream

    /// Metrics of the requests so far.
    var metrics: [Metric] { get }

    /// Runs tasks on the thread that sends the requests, so that a request and its response need no other thread. Nil if
    /// there is no such thread.
    var executor: (any TaskExecutor)? { get }
}

/// The body of a response as it arrives. Releasing the stream ends the transfer.
package protocol ByteStream: Sendable {
    /// The bytes that arrived since the last call; nil at the end. Waits if there are none yet. Only one caller at a
    /// time.
    ///
    /// - Throws: if the transfer fails, or `TransportFailure.cancelled`.
    func next() async throws(KubeError) -> [UInt8]?
}

extension KubeTransport {
    package var metrics: [Metric] { [] }

    package var executor: (any TaskExecutor)? { nil }

    /// See `Request.delete`.
    ///
    /// - Parameter expectedResponseSize: the size of the object, which is the response while a finalizer keeps it; see
    ///   `Request.expectedResponseSize`.
    package func delete(
        _ resource: Resource, namespace: String? = nil, name: String, uid: String?, resourceVersion: String? = nil,
        expectedResponseSize: Int = 0
    ) async throws(KubeError) {
        let request = Request.delete(
            resource, namespace: namespace, name: name, uid: uid, resourceVersion: resourceVersion)
        _ = try await send(request.expecting(responseSize: expectedResponseSize))
    }

    /// Sends a request and decodes the response.
    package func send<Value: JSONReadable>(
        _ request: Request, decoding type: Value.Type
    ) async throws(KubeError) -> Value {
        try await send(request).decode(type, of: request)
    }
}

extension Response {
    func decode<Value: JSONReadable>(_ type: Value.Type, of request: Request) throws(KubeError) -> Value {
        do {
            return try JSONBytes.decode(type, from: body)
        } catch {
            throw KubeError(request.operation, .decoding(error.description))
        }
    }
}
