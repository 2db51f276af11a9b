import Glibc
import LinuxIO

/// Forwards TCP connections to a port of 127.0.0.1, each on a separate thread, and simulates faults of networks and
/// proxies.
package final class FaultyProxy: Sendable {
    package enum Direction: Sendable {
        case toServer, toClient
    }

    /// How to handle the bytes of one direction.
    package enum Flow: Sendable {
        case pass
        /// The bytes are read, so that everything is acknowledged, and dropped.
        case swallow
        /// The bytes are read and kept until `release`.
        case hold
        /// This number of bytes is forwarded; then the connection is closed on both sides.
        case cut(after: Int)
    }

    private struct State {
        var connections: [ProxiedConnection] = []
        var isRefusing = false
        var refusals = 0
        var accepted = 0
        var isFreezingNew = false
        /// Settings for the next connection.
        var next: [(Direction, Flow)] = []
    }

    package let port: Int
    private let target: Int
    private let listener: Int32
    private let state = Mutex(State())

    /// - Parameter listener: a listening socket, by default on a port of 127.0.0.1. The proxy closes it at the end.
    package init(to target: Int, listener: Int32? = nil) throws {
        self.target = target
        self.listener = try listener ?? LoopbackPort.listen()
        port = LoopbackPort.number(of: self.listener)
        _ = try OwnedThread(name: "proxy") { [self] in accept() }
    }

    /// Applies to all open connections, or to the next one if there is none.
    package func set(_ direction: Direction, _ flow: Flow) {
        state.withLock { state in
            state.connections.removeAll { $0.isOver }
            if state.connections.isEmpty { state.next.append((direction, flow)) }
            for connection in state.connections { connection.set(direction, flow) }
        }
    }

    /// Forwards nothing more on open connections, but acknowledges everything.
    package func freeze() { each { $0.freeze() } }

    /// Closes all open connections.
    package func cut() { each { $0.cut() } }

    /// While it is true, new connections are closed at once.
    package var isRefusing: Bool {
        get { state.withLock { $0.isRefusing } }
        set { state.withLock { $0.isRefusing = newValue } }
    }

    /// The number of connections that were closed at once.
    package var refusals: Int { state.withLock { $0.refusals } }

    /// While it is true, nothing is forwarded on new connections, but everything is acknowledged.
    package var isFreezingNew: Bool {
        get { state.withLock { $0.isFreezingNew } }
        set { state.withLock { $0.isFreezingNew = newValue } }
    }

    /// The number of forwarded connections.
    package var acceptedCount: Int { state.withLock { $0.accepted } }

    /// The number of bytes that `.hold` has kept so far.
    package var heldBytes: Int { connections.reduce(0) { $0 + $1.heldBytes } }

    /// Closes the client's side of connections with held bytes; the server's side stays open.
    package func abandonHeld() { each { $0.abandon() } }

    /// Forwards the held bytes to the server, also after `abandonHeld`; later bytes are forwarded at once.
    package func release() { each { $0.release() } }

    /// Closes everything and accepts no more connections.
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
