import Glibc
import LinuxIO

/// Opens TCP sockets that accept connections.
enum ListeningSocket {
    /// The operation of the errors of `open`.
    static let operation = "listen on"

    /// Opens a non-blocking listening socket.
    ///
    /// - Parameters:
    ///   - host: an IPv4 address, or an IPv6 address with or without a zone (`fe80::1%eth0`). Nil means all addresses
    ///     of both families, or of IPv4 only if the kernel has no IPv6.
    ///   - port: 0 lets the kernel choose one.
    ///   - families: if `host` is nil, the families to try; the first that the kernel supports is used.
    /// - Throws: `LinuxError` with the object `host:port`; EINVAL if `host` is not an address.
    static func open(
        host: String?, port: UInt16, families: [Int32] = [AF_INET6, AF_INET]
    ) throws(LinuxError) -> FileDescriptor {
        let name = host.map { $0.contains(":") ? "[\($0)]:\(port)" : "\($0):\(port)" } ?? ":\(port)"
        guard let host else {
            var missing = LinuxError(operation, name, code: EAFNOSUPPORT)
            for family in families {
                let wildcard = family == AF_INET6 ? "::" : "0.0.0.0"
                do throws(LinuxError) {
                    return try open(address: wildcard, family, port, name)
                } catch  where error.code == EAFNOSUPPORT || error.code == EADDRNOTAVAIL {
                    missing = error
                }
            }
            throw missing
        }
        return try open(address: host, AF_UNSPEC, port, name)
    }

    /// The port that the socket listens on.
    static func port(of socket: borrowing FileDescriptor) throws(LinuxError) -> UInt16 {
        var address = sockaddr_storage()
        var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let result = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(socket.rawValue, $0, &size) }
        }
        guard result == 0 else { throw LinuxError("get the port of", "a socket", code: errno) }
        // sockaddr_in and sockaddr_in6 have the port at the same offset.
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { UInt16(bigEndian: $0.pointee.sin_port) }
        }
    }

    private static func open(
        address: String, _ family: Int32, _ port: UInt16, _ name: String
    ) throws(LinuxError) -> FileDescriptor {
        // The flags restrict getaddrinfo(3) to numeric values, so it makes no name lookup.
        var hints = addrinfo()
        hints.ai_family = family
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE
        var found: UnsafeMutablePointer<addrinfo>?
        switch getaddrinfo(address, String(port), &hints, &found) {
        case 0: break
        case EAI_FAMILY: throw LinuxError(operation, name, code: EAFNOSUPPORT)
        default: throw LinuxError(operation, name, code: EINVAL)
        }
        defer { freeaddrinfo(found) }
        guard let info = found?.pointee else { throw LinuxError(operation, name, code: EINVAL) }
        let flags = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let number = socket(info.ai_family, flags, 0)
        guard number >= 0 else { throw LinuxError(operation, name, code: errno) }
        let socket = FileDescriptor(owning: number)
        // A port can be reused as soon as no socket listens on it, whatever the state of earlier connections
        // (socket(7)).
        set(socket, SOL_SOCKET, SO_REUSEADDR, 1)
        // `::` includes IPv4, whatever net.ipv6.bindv6only says (ipv6(7)).
        if info.ai_family == AF_INET6 { set(socket, Int32(IPPROTO_IPV6), IPV6_V6ONLY, 0) }
        guard bind(number, info.ai_addr, info.ai_addrlen) == 0, listen(number, backlog) == 0 else {
            throw LinuxError(operation, name, code: errno)
        }
        return socket
    }

    private static func set(_ socket: borrowing FileDescriptor, _ level: Int32, _ option: Int32, _ value: Int32) {
        var value = value
        setsockopt(socket.rawValue, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
    }

    /// The maximum number of connections that wait to be accepted.
    private static let backlog: Int32 = 64
}
