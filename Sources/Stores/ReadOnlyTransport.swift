package import Kube

extension TransportFailure {
    /// A write in a dry run.
    package static let readOnly = TransportFailure.withheld(reason: "a dry run writes nothing", isRetryable: false)
}

/// A transport that passes reads and rejects all other requests, so that a bug in a dry run cannot write anything.
package struct ReadOnlyTransport: KubeTransport {
    private let transport: any KubeTransport

    package init(_ transport: any KubeTransport) { self.transport = transport }

    package func send(_ request: Request) async throws(KubeError) -> Response {
        guard request.method == .get else { throw KubeError(request.operation, .transport(.readOnly)) }
        return try await transport.send(request)
    }

    package func stream(_ request: Request) async throws(KubeError) -> any ByteStream {
        guard request.method == .get else { throw KubeError(request.operation, .transport(.readOnly)) }
        return try await transport.stream(request)
    }
}
