import Kube
import LinuxIO

/// Counts lists and watches.
final class CountingTransport: KubeTransport {
    private let inner: any KubeTransport
    private let counts = Mutex((lists: 0, watches: 0))

    init(_ inner: any KubeTransport) { self.inner = inner }

    var lists: Int { counts.withLock { $0.lists } }
    var watches: Int { counts.withLock { $0.watches } }

    func send(_ request: Request) async throws(KubeError) -> Response {
        counts.withLock { $0.lists += 1 }
        return try await inner.send(request)
    }

    func stream(_ request: Request) async throws(KubeError) -> any ByteStream {
        counts.withLock { $0.watches += 1 }
        return try await inner.stream(request)
    }
}

/// Makes the first watch start at another resource version.
final class OldWatches: KubeTransport {
    private let inner: any KubeTransport
    private let resourceVersion: Mutex<String?>

    init(_ inner: any KubeTransport, resourceVersion: String) {
        self.inner = inner
        self.resourceVersion = Mutex(resourceVersion)
    }

    func send(_ request: Request) async throws(KubeError) -> Response { try await inner.send(request) }

    func stream(_ request: Request) async throws(KubeError) -> any ByteStream {
        let old = resourceVersion.withLock { version in
            defer { version = nil }
            return version
        }
        guard let old else { return try await inner.stream(request) }
        let namespace = request.operation.namespace
        return try await inner.stream(
            .watch(.secrets, namespace: namespace, resourceVersion: old, timeout: .seconds(60)))
    }
}
