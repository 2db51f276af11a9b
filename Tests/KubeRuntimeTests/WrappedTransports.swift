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

/// An empty list, and a watch that brings one event.
struct OneEvent: KubeTransport {
    private final class Stream: ByteStream {
        private let line: [UInt8]
        private let hasCome = Mutex(false)

        init(line: [UInt8]) { self.line = line }

        func next() async throws(KubeError) -> [UInt8]? {
            let isFirst = hasCome.withLock { hasCome in
                defer { hasCome = true }
                return !hasCome
            }
            if isFirst { return line }
            // Silent until it is cancelled; nothing waits for a time.
            while !Task.isCancelled { try? await Task.sleep(for: .seconds(60)) }
            throw KubeError(Operation(.watch, resource: "secrets"), .transport(.cancelled))
        }
    }

    private let line: [UInt8]

    init(_ event: String) { line = Array("\(event)\n".utf8) }

    func send(_ request: Request) async throws(KubeError) -> Response {
        Response(status: 200, body: Array(#"{"metadata":{"resourceVersion":"1"},"items":[]}"#.utf8))
    }

    func stream(_ request: Request) async throws(KubeError) -> any ByteStream { Stream(line: line) }
}
