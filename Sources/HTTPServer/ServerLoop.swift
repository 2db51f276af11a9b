import CMicroHTTPD
import Glibc
import LinuxIO

/// The server's event loop. `run` is the body of the thread; `stop` can be called from any thread.
final class ServerLoop: @unchecked Sendable {
    // Sendable: only the thread in `run` uses the mutable state. libmicrohttpd calls back only from MHD_run and
    // MHD_stop_daemon, so on the same thread.
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
    /// The open connections, oldest first.
    private var connections: [Connection] = []
    /// A connection was closed.
    private var hasRoom = false
    /// A connection was accepted.
    private var hasTaken = false
    /// Requests that wait for a response.
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
        // A duplicate, which libmicrohttpd closes when it stops.
        let socket = fcntl(listener.rawValue, F_DUPFD_CLOEXEC, 3)
        guard socket >= 0 else { throw LinuxError("start", "the HTTP server", code: errno) }
        daemon = mhd_start(
            socket, UInt32(limits.connections), limits.header, Self.functions,
            Unmanaged.passUnretained(self).toOpaque())
        guard daemon != nil else { throw LinuxError("start", "the HTTP server", code: ENOMEM) }
    }

    /// Makes `run` close all connections and return.
    func stop() { replies.close() }

    func run() {
        var isCalled = false
        while let daemon, deliver() {
            endOverdue()
            (hasRoom, hasTaken) = (false, false)
            MHD_run(daemon)
            // At its connection limit, libmicrohttpd stops accepting. It resumes only in the run after the one in which
            // a connection closes.
            if hasRoom { continue }
            if isCalled && !hasTaken {
                pause()
                isCalled = false
            } else {
                let isReady = wait(daemon)
                // If no connection is open, only a connection to accept can have made it ready.
                isCalled = isReady && connections.isEmpty
            }
        }
        close()
    }

    /// Stops the server at the end of `run`. Call it directly for a loop that never runs.
    func close() {
        // libmicrohttpd aborts the process if it is stopped while connections are suspended.
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

    /// Ends a connection by shutting down its socket, which libmicrohttpd handles as a close by the client.
    /// libmicrohttpd's own timeout would restart with each byte.
    private func end(_ index: Int) {
        guard !connections[index].isEnded else { return }
        connections[index].isEnded = true
        shutdown(connections[index].socket, Int32(SHUT_RDWR))
        if let request = waiting.values.first(where: { $0.connection == connections[index].handle }) {
            resume(request, .unavailable)
        }
    }

    /// Waits 100 ms or until a reply arrives. Called if a connection cannot be accepted because no descriptor is free;
    /// libmicrohttpd would retry in a tight loop.
    private func pause() {
        var ready = pollfd(fd: replies.descriptor, events: Int16(POLLIN), revents: 0)
        poll(&ready, 1, 100)
    }

    /// Waits until a socket is ready, a deadline has passed or a reply has arrived.
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

// The callbacks for libmicrohttpd.
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

    /// Called when the headers have been read, and again when a suspended connection is resumed.
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
