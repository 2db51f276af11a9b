import Kube
import LinuxIO

/// Never sends a write of a Secret, in all namespaces or in one; the write hangs until it is cancelled.
final class HangingWrites: KubeTransport {
    private let inner: any KubeTransport
    private let count = Mutex(0)

    private let namespace: String?

    /// - Parameter namespace: the namespace in which writes hang; nil: everywhere.
    init(_ inner: any KubeTransport, in namespace: String? = nil) {
        self.inner = inner
        self.namespace = namespace
    }

    /// The number of writes that hang or hung.
    var writes: Int { count.withLock { $0 } }

    func send(_ request: Request) async throws(KubeError) -> Response {
        guard request.operation.resource == Resource.secrets.plural, request.method != .get,
            namespace == nil || request.operation.namespace == namespace
        else {
            return try await inner.send(request)
        }
        count.withLock { $0 += 1 }
        while !Task.isCancelled { try? await Task.sleep(for: .seconds(60)) }
        throw KubeError(request.operation, .transport(.cancelled))
    }

    func stream(_ request: Request) async throws(KubeError) -> any ByteStream { try await inner.stream(request) }
}
