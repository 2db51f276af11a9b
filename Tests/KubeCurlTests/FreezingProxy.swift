import Glibc
import LinuxIO
import Synchronization

/// Forwards TCP connections to a port of 127.0.0.1, each on a thread of its own, until they are frozen: then it goes on
/// reading, so that all is acknowledged, and forwards nothing.
final class FreezingProxy: Sendable {
    struct StartError: Error {}

    let port: Int
    private let target: Int
    private let listener: Int32
    /// Connections of an earlier generation are frozen.
    private let generation = Atomic(0)

    init(to target: Int) throws {
        self.target = target
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = Self.address(0)
        let socket = listener
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                bind(socket, pointer, size) == 0 && getsockname(socket, pointer, &size) == 0
            }
        }
        guard isBound, listen(listener, 16) == 0 else { throw StartError() }
        port = Int(UInt16(bigEndian: address.sin_port))
        _ = try OwnedThread(name: "proxy") { [self] in accept() }
    }

    /// All connections that there are; later ones are forwarded.
    func freeze() { generation.add(1, ordering: .sequentiallyConsistent) }

    func stop() { shutdown(listener, Int32(SHUT_RDWR)) }

    private func accept() {
        while true {
            let client = Glibc.accept(listener, nil, nil)
            guard client >= 0 else { break }
            let server = connect()
            let born = generation.load(ordering: .sequentiallyConsistent)
            _ = try? OwnedThread(name: "proxied") { [self] in forward(client, server, born) }
        }
        close(listener)
    }

    private func forward(_ client: Int32, _ server: Int32, _ born: Int) {
        var entries = [client, server].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        var buffer = [UInt8](repeating: 0, count: 65536)
        loop: while poll(&entries, 2, -1) > 0 {
            for (index, other) in [(0, server), (1, client)] where entries[index].revents != 0 {
                let count = read(entries[index].fd, &buffer, buffer.count)
                guard count > 0 else { break loop }
                if born == generation.load(ordering: .sequentiallyConsistent) {
                    _ = send(other, buffer, count, Int32(MSG_NOSIGNAL))
                }
            }
        }
        close(client)
        close(server)
    }

    private func connect() -> Int32 {
        let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = Self.address(target)
        withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                _ = Glibc.connect(socket, pointer, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        return socket
    }

    private static func address(_ port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        address.sin_port = UInt16(port).bigEndian
        return address
    }
}
