import Glibc
import LinuxIO

/// A TCP connection that sends given bytes unchanged.
package final class RawClient: Sendable {
    private let descriptor: Mutex<Int32>

    /// - Parameter host: an IPv4 or IPv6 address.
    package init(host: String = "127.0.0.1", port: Int) {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV
        var found: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, String(port), &hints, &found) == 0, let info = found?.pointee else {
            descriptor = Mutex(-1)
            return
        }
        defer { freeaddrinfo(found) }
        let socket = socket(info.ai_family, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        _ = connect(socket, info.ai_addr, info.ai_addrlen)
        descriptor = Mutex(socket)
    }

    deinit { close() }

    package func send(_ text: String) {
        let socket = descriptor.withLock { $0 }
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }

    /// Ends the sending direction; responses can still arrive.
    package func finishSending() { shutdown(descriptor.withLock { $0 }, Int32(SHUT_WR)) }

    /// Everything that is received until the server closes or resets the connection; nil if it does neither.
    package func received() async -> String? {
        let socket = descriptor.withLock { $0 }
        return await OwnedThread.value(name: "client") {
            let end = ContinuousClock.now + .longestWait
            var bytes: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 64 << 10)
            while true {
                var ready = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
                let left = max(.zero, ContinuousClock.now.duration(to: end)) / .milliseconds(1)
                guard poll(&ready, 1, Int32(left)) > 0 else { return nil }
                let count = recv(socket, &buffer, buffer.count, 0)
                guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
                bytes += buffer[..<count]
            }
        }
    }

    package func close() {
        descriptor.withLock { descriptor in
            if descriptor >= 0 { Glibc.close(descriptor) }
            descriptor = -1
        }
    }

    /// Sends one GET request and returns the response.
    package static func get(_ target: String, host: String = "127.0.0.1", port: Int) async -> String? {
        let client = RawClient(host: host, port: port)
        client.send("GET \(target) HTTP/1.1\r\nHost: test\r\n\r\n")
        return await client.received()
    }
}
