package import LinuxIO

/// A small HTTP/1.1 server on libmicrohttpd, with one thread of its own, for a few untrusted clients.
///
/// It supports GET and HEAD, accepts no request bodies, and serves one request per connection. Immediate responses are
/// sent on the server's thread, so they work while the cooperative pool is blocked. Every response forbids caching and
/// content sniffing.
package final class HTTPServer: Sendable {
    /// The operation of errors that mean that the address cannot be used.
    package static let listening = ListeningSocket.operation

    package struct Limits: Sendable {
        /// The maximum number of connections; more wait in the kernel's queue.
        package var connections = 32
        /// From this number on, each new connection closes the oldest one, so that idle clients cannot lock out others.
        package var evictionThreshold = 24
        /// The maximum size of the request line and headers, and of the response headers, in bytes.
        package var header = 8 << 10
        /// The maximum lifetime of a connection.
        package var connection: Duration = .seconds(10)
        /// The time limit for a deferred response; after it, the response is 503.
        package var answer: Duration = .seconds(5)

        package init() {}
    }

    /// The port that the server listens on.
    package let port: UInt16
    /// The requests that are answered later. The stream ends with the server and has one reader.
    package let deferredResponses: AsyncStream<DeferredResponse>

    private let loop: ServerLoop
    private let thread: Mutex<OwnedThread?>

    /// Starts to listen and to respond.
    ///
    /// - Parameters:
    ///   - host: an IPv4 or IPv6 address; nil means all addresses.
    ///   - port: 0 lets the kernel choose one.
    ///   - respond: receives the path and query as the client sent them. Runs on the server's thread and must not
    ///     block.
    /// - Throws: `LinuxError`. If its operation is `listening`, the address cannot be used.
    package init(
        host: String?, port: UInt16, limits: Limits = Limits(), respond: @escaping @Sendable (String) -> Decision
    ) throws(LinuxError) {
        let listener = try ListeningSocket.open(host: host, port: port)
        self.port = try ListeningSocket.port(of: listener)
        let (deferredResponses, deferred) = AsyncStream<DeferredResponse>.makeStream(
            bufferingPolicy: .bufferingOldest(limits.connections))
        self.deferredResponses = deferredResponses
        let loop = try ServerLoop(listener: listener, limits: limits, respond: respond, later: deferred)
        self.loop = loop
        do throws(LinuxError) {
            thread = Mutex(try OwnedThread(name: "http") { loop.run() })
        } catch {
            loop.close()
            throw error
        }
    }

    deinit { stop() }

    /// Closes all connections and waits until the thread has ended, which takes milliseconds.
    package func stop() {
        loop.stop()
        if let running = thread.withLock({ $0.take() }) { running.join() }
    }
}
