import Glibc

/// TCP ports of 127.0.0.1.
package enum LoopbackPort {
    package struct Failure: Error {}

    /// A port for a server that is started later, and perhaps restarted.
    ///
    /// The port stays reserved as long as this process lives: its socket is bound and does not listen. A server that
    /// sets SO_REUSEADDR, as Go's do, can bind it too, but no outgoing connection gets it as its local port by chance
    /// (socket(7)).
    package static func reserve() -> Int { number(of: bound()) }

    /// A socket that listens on a port of its own.
    static func listen(onAllAddresses: Bool = false) throws -> Int32 {
        let socket = bound(onAllAddresses: onAllAddresses)
        guard Glibc.listen(socket, 16) == 0 else { throw Failure() }
        return socket
    }

    /// A socket that is connected, unless nothing listens on the port.
    static func connect(to port: Int) -> Int32 {
        let socket = socket()
        var address = address(port)
        _ = withPointer(to: &address) { Glibc.connect(socket, $0, $1) }
        return socket
    }

    /// The port of a bound socket.
    static func number(of socket: Int32) -> Int {
        var address = address(0)
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        _ = withPointer(to: &address) { pointer, _ in getsockname(socket, pointer, &size) }
        return Int(UInt16(bigEndian: address.sin_port))
    }

    private static func bound(onAllAddresses: Bool = false) -> Int32 {
        let socket = socket()
        var on: Int32 = 1
        setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        var address = address(0)
        if onAllAddresses { address.sin_addr.s_addr = 0 }
        _ = withPointer(to: &address) { bind(socket, $0, $1) }
        return socket
    }

    private static func socket() -> Int32 {
        Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    }

    private static func address(_ port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        address.sin_port = UInt16(port).bigEndian
        return address
    }

    private static func withPointer<Result>(
        to address: inout sockaddr_in, _ body: (UnsafeMutablePointer<sockaddr>, socklen_t) -> Result
    ) -> Result {
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}
