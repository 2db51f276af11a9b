package import LinuxIO

/// A small HTTP/1.1 server over libmicrohttpd, on one thread of our own, for a few clients that are not trusted.
///
/// It knows GET and HEAD, takes no bodies, and answers one request a connection. What is decided at once is answered on
/// the thread, so that it works while the cooperative pool is stuck. Every answer says that it is not to be stored, and
/// that it is what its content type says.
package final class HTTPServer: Sendable {
    /// The operation of the errors that say that the address cannot be used.
    package static let listening = ListeningSocket.operation

    package struct Limits: Sendable {
        /// Connections at most; more wait in the kernel's queue.
        package var connections = 32
        /// From so many on, each new connection ends the oldest one: who sends nothing keeps nobody out.
        package var evictionThreshold = 24
        /// Bytes of request line and headers, and of the answer's headers.
        package var header = 8 << 10
        /// From a connection's begin to its end, however it is used.
        package var connection: Duration = .seconds(10)
        /// For an answer that comes later; then it is 503.
        package var answer: Duration = .seconds(5)

        package init() {}
    }

    /// The port that it listens at.
    package let port: UInt16
    /// The requests that are to be answered later. Ends with the server; for one reader.
    package let deferredResponses: AsyncStream<DeferredResponse>

    private let loop: ServerLoop
    private let thread: Mutex<OwnedThread?>

    /// Listens, and answers from now on.
    ///
    /// - Parameters:
    ///   - host: an IPv4 or IPv6 address; nil: all.
    ///   - port: 0 for one that the kernel chooses.
    ///   - respond: gets path and query as the client sent them. Runs on the server's thread and must not block.
    /// - Throws: `LinuxError`; with operation `listening` the address is the reason.
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

    /// Ends all connections, and waits, for milliseconds, until the thread is gone.
    package func stop() {
        loop.stop()
        if let running = thread.withLock({ $0.take() }) { running.join() }
    }
}
