import Kube
import LinuxIO

/// Records the requests, and returns empty responses.
final class SentRequests: KubeTransport {
    private let requests = Mutex<[Request]>([])

    var all: [Request] { requests.withLock { $0 } }

    func send(_ request: Request) async throws(KubeError) -> Response {
        requests.withLock { $0.append(request) }
        return Response(status: 200)
    }

    func stream(_ request: Request) async throws(KubeError) -> any ByteStream {
        throw KubeError(request.operation, .transport(.shutDown))
    }
}
