import Glibc
import LinuxIO

/// One connection through a `FaultyProxy`.
final class ProxiedConnection: Sendable {
    private struct State {
        var toServer = FaultyProxy.Flow.pass
        var toClient = FaultyProxy.Flow.pass
        var held: [UInt8] = []
        /// The client's side is closed; data from the server is read and dropped.
        var isAbandoned = false
        var isOver = false

        /// - Returns: the bytes to forward now, and whether the connection ends after them.
        mutating func take(_ bytes: ArraySlice<UInt8>, fromClient: Bool) -> (bytes: ArraySlice<UInt8>, ends: Bool) {
            if isAbandoned { return ([], false) }
            switch fromClient ? toServer : toClient {
            case .pass: return (bytes, false)
            case .swallow: return ([], false)
            case .hold:
                held += bytes
                return ([], false)
            case .cut(let left):
                let rest = FaultyProxy.Flow.cut(after: max(0, left - bytes.count))
                if fromClient { toServer = rest } else { toClient = rest }
                return (bytes.prefix(left), bytes.count >= left)
            }
        }
    }

    private let client: Int32
    private let server: Int32
    private let state = Mutex(State())

    init(client: Int32, server: Int32) {
        self.client = client
        self.server = server
    }

    var isOver: Bool { state.withLock { $0.isOver } }
    var heldBytes: Int { state.withLock { $0.held.count } }

    func set(_ direction: FaultyProxy.Direction, _ flow: FaultyProxy.Flow) {
        state.withLock { state in
            switch direction {
            case .toServer: state.toServer = flow
            case .toClient: state.toClient = flow
            }
        }
    }

    func freeze() {
        set(.toServer, .swallow)
        set(.toClient, .swallow)
    }

    /// The thread in `forward` notices the end of both sockets and closes them.
    func cut() {
        state.withLock { state in
            guard !state.isOver else { return }
            shutdown(client, Int32(SHUT_RDWR))
            shutdown(server, Int32(SHUT_RDWR))
        }
    }

    func abandon() {
        state.withLock { state in
            guard !state.isOver, !state.held.isEmpty else { return }
            state.isAbandoned = true
            shutdown(client, Int32(SHUT_RDWR))
        }
    }

    func release() {
        state.withLock { state in
            guard !state.isOver else { return }
            _ = sendAll(server, state.held[...])
            state.held = []
            if case .hold = state.toServer { state.toServer = .pass }
        }
    }

    /// The body of the connection's thread.
    func forward() {
        var entries = [client, server].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        var buffer = [UInt8](repeating: 0, count: 65536)
        loop: while poll(&entries, 2, -1) > 0 {
            for index in entries.indices where entries[index].revents != 0 {
                let count = read(entries[index].fd, &buffer, buffer.count)
                if count > 0, pass(buffer[..<count], fromClient: index == 0) { continue }
                // A client that was abandoned does not end the held bytes.
                guard index == 0, state.withLock({ $0.isAbandoned }) else { break loop }
                entries[0].fd = -1
                entries[0].revents = 0
            }
        }
        state.withLock { state in
            state.isOver = true
            for socket in [client, server] {
                // A program that was started meanwhile may have inherited the socket, so closing it would not end the
                // connection.
                shutdown(socket, Int32(SHUT_RDWR))
                close(socket)
            }
        }
    }

    /// - Returns: false if the connection ends here.
    private func pass(_ bytes: ArraySlice<UInt8>, fromClient: Bool) -> Bool {
        let forwarded = state.withLock { $0.take(bytes, fromClient: fromClient) }
        return sendAll(fromClient ? server : client, forwarded.bytes) && !forwarded.ends
    }

    private func sendAll(_ socket: Int32, _ bytes: ArraySlice<UInt8>) -> Bool {
        var rest = bytes
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }
}
