import Glibc
import LinuxIO

/// Forwards TCP connections to a port of 127.0.0.1, each on a thread of its own, and does to their bytes what networks
/// and proxies do.
package final class FaultyProxy: Sendable {
    package enum Direction: Sendable {
        case toServer, toClient
    }

    /// What becomes of the bytes of one direction.
    package enum Flow: Sendable {
        case pass
        /// They are read, so that all is acknowledged, and go nowhere.
        case swallow
        /// They are read and kept until `release`.
        case hold
        /// So many more pass, then the connection is closed on both sides.
        case cut(after: Int)
    }

    private struct State {
        var connections: [ProxiedConnection] = []
        var isRefusing = false
        var refusals = 0
        var accepted = 0
        var isFreezingNew = false
        /// Of the next connection.
        var next: [(Direction, Flow)] = []
    }

    package let port: Int
    private let target: Int
    private let listener: Int32
    private let state = Mutex(State())

    /// - Parameter listener: a socket that listens; by default on a port of 127.0.0.1. It is closed in the end.
    package init(to target: Int, listener: Int32? = nil) throws {
        self.target = target
        self.listener = try listener ?? LoopbackPort.listen()
        port = LoopbackPort.number(of: self.listener)
        _ = try OwnedThread(name: "proxy") { [self] in accept() }
    }

    /// For all connections that there are, or for the next one if there is none.
    package func set(_ direction: Direction, _ flow: Flow) {
        state.withLock { state in
            state.connections.removeAll { $0.isOver }
            if state.connections.isEmpty { state.next.append((direction, flow)) }
            for connection in state.connections { connection.set(direction, flow) }
        }
    }

    /// Nothing passes any more on the connections that there are, but all is acknowledged.
    package func freeze() { each { $0.freeze() } }

    /// Closes the connections that there are.
    package func cut() { each { $0.cut() } }

    /// While it is true, new connections are closed at once.
    package var isRefusing: Bool {
        get { state.withLock { $0.isRefusing } }
        set { state.withLock { $0.isRefusing = newValue } }
    }

    /// How many connections were closed at once.
    package var refusals: Int { state.withLock { $0.refusals } }

    /// While it is true, nothing passes on new connections, but all is acknowledged.
    package var isFreezingNew: Bool {
        get { state.withLock { $0.isFreezingNew } }
        set { state.withLock { $0.isFreezingNew = newValue } }
    }

    /// How many connections were forwarded.
    package var acceptedCount: Int { state.withLock { $0.accepted } }

    /// How many bytes `.hold` has kept so far.
    package var heldBytes: Int { connections.reduce(0) { $0 + $1.heldBytes } }

    /// Closes the client's side of the connections whose bytes are held; the server's side stays.
    package func abandonHeld() { each { $0.abandon() } }

    /// Forwards to the server what was held, until `abandonHeld` if that was called; what follows passes.
    package func release() { each { $0.release() } }

    /// Closes everything and takes no more connections.
    package func stop() {
        isRefusing = true
        shutdown(listener, Int32(SHUT_RDWR))
        each { $0.cut() }
    }

    private var connections: [ProxiedConnection] { state.withLock { $0.connections } }

    private func each(_ body: (ProxiedConnection) -> Void) { connections.forEach(body) }

    private func accept() {
        while true {
            let client = Glibc.accept(listener, nil, nil)
            guard client >= 0 else { break }
            _ = fcntl(client, F_SETFD, FD_CLOEXEC)
            guard !isRefusing else {
                state.withLock { $0.refusals += 1 }
                close(client)
                continue
            }
            let connection = ProxiedConnection(client: client, server: LoopbackPort.connect(to: target))
            state.withLock { state in
                state.connections.removeAll { $0.isOver }
                state.connections.append(connection)
                for (direction, flow) in state.next { connection.set(direction, flow) }
                state.next = []
                state.accepted += 1
                if state.isFreezingNew { connection.freeze() }
            }
            _ = try? OwnedThread(name: "proxied") { connection.forward() }
        }
        close(listener)
    }
}
