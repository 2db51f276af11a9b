package import Kube
import LinuxIO

/// Records the requests, and returns empty responses.
package final class SentRequests: KubeTransport {
    private let requests = Mutex<[Request]>([])

    package init() {}

    package var all: [Request] { requests.withLock { $0 } }

    package func send(_ request: Request) async throws(KubeError) -> Response {
        requests.withLock { $0.append(request) }
        return Response(status: 200)
    }

    package func stream(_ request: Request) async throws(KubeError) -> any ByteStream {
        throw KubeError(request.operation, .transport(.shutDown))
    }
}
