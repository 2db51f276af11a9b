package import JSON
package import Observability

/// Performs requests: the seam between what is asked and how it travels.
package protocol KubeTransport: Sendable {
    /// - Throws: also for an answer that is no success. Cancellation ends the request with `TransportFailure.cancelled`.
    func send(_ request: Request) async throws(KubeError) -> Response

    /// Begins a request whose answer has no foreseeable end; returns when its head has come and is a success.
    func stream(_ request: Request) async throws(KubeError) -> any ByteStream

    /// What has travelled so far.
    var metrics: [Metric] { get }
}

/// The body of an answer, as it comes. Letting go of it ends the transfer.
package protocol ByteStream: Sendable {
    /// The bytes that came since the last call, waiting for the first of them; nil at the end.
    ///
    /// - Throws: when the transfer fails, or `TransportFailure.cancelled`. One caller at a time.
    func next() async throws(KubeError) -> [UInt8]?
}

extension KubeTransport {
    package var metrics: [Metric] { [] }

    /// See `Request.delete`.
    ///
    /// - Parameter answerSize: while a finalizer holds the object, it is the answer; see `Request.answerSize`.
    package func delete(
        _ resource: Resource, namespace: String? = nil, name: String, uid: String?, resourceVersion: String? = nil,
        answerSize: Int = 0
    ) async throws(KubeError) {
        var request = Request.delete(
            resource, namespace: namespace, name: name, uid: uid, resourceVersion: resourceVersion)
        request.answerSize = answerSize
        _ = try await send(request)
    }

    /// Sends and decodes the answer.
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
