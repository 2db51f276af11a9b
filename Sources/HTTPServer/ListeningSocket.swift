import Glibc
import LinuxIO

/// A TCP socket that takes connections.
enum ListeningSocket {
    /// Of the errors of `open`.
    static let operation = "listen at"

    /// - Parameters:
    ///   - host: an IPv4 or IPv6 address, of the latter also with a zone (`fe80::1%eth0`); nil: all addresses of both
    ///     families, of IPv4 alone where the kernel has no IPv6.
    ///   - port: 0 for one that the kernel chooses.
    ///   - families: for all addresses, the first that the kernel has.
    /// - Throws: `LinuxError` of the object `host:port`; EINVAL if `host` is no address.
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

    /// The port that it listens at.
    static func port(of socket: borrowing FileDescriptor) throws(LinuxError) -> UInt16 {
        var address = sockaddr_storage()
        var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let result = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(socket.rawValue, $0, &size) }
        }
        guard result == 0 else { throw LinuxError("ask for the port of", "a socket", code: errno) }
        // Both families have it at the same place.
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { UInt16(bigEndian: $0.pointee.sin_port) }
        }
    }

    private static func open(
        address: String, _ family: Int32, _ port: UInt16, _ name: String
    ) throws(LinuxError) -> FileDescriptor {
        // getaddrinfo(3) would ask no server: numbers only.
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
        // A port is free again as soon as nobody listens there, whatever became of the last connections (socket(7)).
        set(socket, SOL_SOCKET, SO_REUSEADDR, 1)
        // `::` is IPv4 too, whatever net.ipv6.bindv6only says (ipv6(7)).
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

    /// Connections that wait to be taken.
    private static let backlog: Int32 = 64
}
