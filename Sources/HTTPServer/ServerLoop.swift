import CMicroHTTPD
import Glibc
import LinuxIO

/// The server and its loop. `run` is the thread's body; `stop` may be called from anywhere.
final class ServerLoop: @unchecked Sendable {
    // Sendable: what varies belongs to the thread in `run`. libmicrohttpd calls back from within MHD_run and
    // MHD_stop_daemon only, so on that thread too.
    private struct Connection {
        let handle: OpaquePointer
        let socket: Int32
        let end: ContinuousClock.Instant
        var isEnded = false
    }

    private let limits: HTTPServer.Limits
    private let respond: @Sendable (String) -> Decision
    private let later: AsyncStream<DeferredResponse>.Continuation
    private let replies: Mailbox<Reply>
    private var daemon: OpaquePointer?
    /// The oldest first.
    private var connections: [Connection] = []
    /// A connection has gone.
    private var hasRoom = false
    /// A connection was taken.
    private var hasTaken = false
    /// Requests that wait for an answer.
    private var waiting: [UInt64: PendingRequest] = [:]
    private var lastNumber: UInt64 = 0

    init(
        listener: consuming FileDescriptor, limits: HTTPServer.Limits,
        respond: @escaping @Sendable (String) -> Decision,
        later: AsyncStream<DeferredResponse>.Continuation
    ) throws(LinuxError) {
        self.limits = limits
        self.respond = respond
        self.later = later
        replies = try Mailbox()
        // A descriptor of its own, which libmicrohttpd closes in the end.
        let socket = fcntl(listener.rawValue, F_DUPFD_CLOEXEC, 3)
        guard socket >= 0 else { throw LinuxError("start", "the HTTP server", code: errno) }
        daemon = mhd_start(
            socket, UInt32(limits.connections), limits.header, Self.functions,
            Unmanaged.passUnretained(self).toOpaque())
        guard daemon != nil else { throw LinuxError("start", "the HTTP server", code: ENOMEM) }
    }

    /// Makes `run` end all connections and return.
    func stop() { replies.close() }

    func run() {
        var isCalled = false
        while let daemon, deliver() {
            endOverdue()
            (hasRoom, hasTaken) = (false, false)
            MHD_run(daemon)
            // At its limit of connections it no longer asks for new ones, and does so again not in the run in which one
            // goes but in the next.
            if hasRoom { continue }
            if isCalled && !hasTaken {
                pause()
                isCalled = false
            } else {
                let isReady = wait(daemon)
                // With no connection open, only one that is to be taken can have made it ready.
                isCalled = isReady && connections.isEmpty
            }
        }
        close()
    }

    /// What `run` does at its end; for a loop that never runs.
    func close() {
        // libmicrohttpd aborts the process if it is stopped with suspended connections.
        for request in waiting.values { resume(request, .unavailable) }
        if let daemon { MHD_stop_daemon(daemon) }
        daemon = nil
        later.finish()
    }

    /// - Returns: false after `stop`.
    private func deliver() -> Bool {
        let taken = replies.take()
        for reply in taken.messages {
            if let request = waiting[reply.number] { resume(request, reply.answer) }
        }
        return !taken.isClosed
    }

    private func resume(_ request: PendingRequest, _ answer: HTTPResponse) {
        waiting[request.number] = nil
        request.deferred?.end()
        request.answer = answer
        MHD_resume_connection(request.connection)
    }

    private func endOverdue() {
        let now = ContinuousClock.now
        for request in waiting.values where request.end <= now { resume(request, .unavailable) }
        for index in connections.indices where connections[index].end <= now { end(index) }
    }

    /// Its own timeout would begin anew with each byte, so the socket is shut down: libmicrohttpd takes it for the
    /// client's end.
    private func end(_ index: Int) {
        guard !connections[index].isEnded else { return }
        connections[index].isEnded = true
        shutdown(connections[index].socket, Int32(SHUT_RDWR))
        if let request = waiting.values.first(where: { $0.connection == connections[index].handle }) {
            resume(request, .unavailable)
        }
    }

    /// No descriptor is left for who waits to be taken: libmicrohttpd would try it in a tight loop.
    private func pause() {
        var ready = pollfd(fd: replies.descriptor, events: Int16(POLLIN), revents: 0)
        poll(&ready, 1, 100)
    }

    /// Until a socket is ready, a time is up or a message has come.
    ///
    /// - Returns: whether a socket is ready.
    private func wait(_ daemon: OpaquePointer) -> Bool {
        let ends = waiting.values.map(\.end) + connections.lazy.filter { !$0.isEnded }.map(\.end)
        let left = ends.min().map { max(.zero, ContinuousClock.now.duration(to: $0)) / .milliseconds(1) }
        var timeout = left.map { Int32($0.rounded(.up)) } ?? -1
        let own = mhd_timeout(daemon)
        if own >= 0, timeout < 0 || own < timeout { timeout = own }
        var ready = [
            pollfd(fd: mhd_descriptor(daemon), events: Int16(POLLIN), revents: 0),
            pollfd(fd: replies.descriptor, events: Int16(POLLIN), revents: 0),
        ]
        poll(&ready, 2, timeout)
        return ready[0].revents != 0
    }
}

// What libmicrohttpd calls.
extension ServerLoop {
    private static let functions = mhd_functions(
        begin: { context, target, connection in
            guard let loop = ServerLoop.of(context), let target, let connection else { return nil }
            loop.lastNumber += 1
            let request = PendingRequest(
                target: String(cString: target), number: loop.lastNumber, connection: connection)
            return Unmanaged.passRetained(request).toOpaque()
        },
        handle: { context, connection, _, method, _, _, _, pointer in
            guard let loop = ServerLoop.of(context), let connection, let method,
                let request = PendingRequest.of(pointer?.pointee)
            else { return mhd_no }
            return loop.handle(request, connection, method: String(cString: method))
        },
        complete: { context, _, pointer, _ in
            guard let request = PendingRequest.of(pointer?.pointee) else { return }
            ServerLoop.of(context)?.waiting[request.number] = nil
            request.deferred?.end()
            Unmanaged.passUnretained(request).release()
        },
        connection: { context, connection, _, what in
            guard let loop = ServerLoop.of(context), let connection else { return }
            if mhd_is_start(what) != 0 { loop.begin(connection) } else { loop.forget(connection) }
        })

    private static func of(_ context: UnsafeMutableRawPointer?) -> ServerLoop? {
        context.map { Unmanaged<ServerLoop>.fromOpaque($0).takeUnretainedValue() }
    }

    private func begin(_ connection: OpaquePointer) {
        hasTaken = true
        let open = connections.indices.filter { !connections[$0].isEnded }
        if open.count >= limits.evictionThreshold, let oldest = open.first { end(oldest) }
        connections.append(
            Connection(handle: connection, socket: mhd_socket(connection), end: .now + limits.connection))
    }

    private func forget(_ connection: OpaquePointer) {
        connections.removeAll { $0.handle == connection }
        hasRoom = true
    }

    /// Called when the headers are there, and again when a suspended connection is resumed.
    private func handle(_ request: PendingRequest, _ connection: OpaquePointer, method: String) -> MHD_Result {
        if let answer = request.answer { return answer.queue(on: connection) }
        guard method == "GET" || method == "HEAD" else { return HTTPResponse.methodNotAllowed.queue(on: connection) }
        guard !hasBody(connection) else { return HTTPResponse.contentTooLarge.queue(on: connection) }
        switch respond(request.target) {
        case .now(let answer): return answer.queue(on: connection)
        case .later:
            let deferred = DeferredResponse(target: request.target, number: request.number, replies: replies)
            request.deferred = deferred
            request.end = .now + limits.answer
            waiting[request.number] = request
            MHD_suspend_connection(connection)
            later.yield(deferred)
            return mhd_yes
        }
    }

    private func hasBody(_ connection: OpaquePointer) -> Bool {
        if mhd_header(connection, "Transfer-Encoding") != nil { return true }
        return mhd_header(connection, "Content-Length").map { String(cString: $0) != "0" } ?? false
    }
}
