import Glibc
import HTTPServer
import LinuxIO
import TestSupport
import TestTraits
import Testing

/// Malicious clients.
@Suite(.tags(.concurrent, .unsafeMemory), .endsIfHung)
struct HostileClientTests {
    @Test(arguments: [
        "GET /%0d%0aX-Injected:%201 HTTP/1.1\r\nHost: a", "GET /\rX-Injected: 1 HTTP/1.1\r\nHost: a",
        "GET /\nX-Injected: 1 HTTP/1.1\r\nHost: a", "GET / HTTP/1.1\rX-Injected: 1\r\nHost: a",
        "GET / HTTP/1.1\r\nHost: a\nX-Injected: 1", "GET / HTTP/1.1\r\nHost: a\r\n X-Injected: 1",
        "GET /\u{85}\u{2028}X-Injected:1 HTTP/1.1\r\nHost: a",
    ])
    func `a line break in a request cannot add a header or a second response`(_ head: String) async throws {
        let server = try HTTPServer.test { $0.connection = .seconds(1) }
        defer { server.stop() }
        let answer = await server.ask(head + "\r\n\r\n") ?? ""
        let parts = answer.split(separator: "\r\n\r\n", maxSplits: 1)
        #expect(parts.first?.contains("\nX-Injected") != true, "\(answer)")
        #expect(answer.split(separator: "HTTP/1.1 ", omittingEmptySubsequences: false).count <= 3, "\(answer)")
        #expect(!answer.dropFirst().contains("\nHTTP/1.1 "), "\(answer)")
        #expect(await server.get("/now")?.hasPrefix("HTTP/1.1 200") == true)
    }

    /// Some send requests, some reset at once, some send half a request: as fast as they can.
    @Test func `128 threads get complete responses or none, and no descriptor is leaked`() async throws {
        let server = try HTTPServer.test { $0.connection = .seconds(2) }
        defer { server.stop() }
        let port = server.port
        let answers = await withTaskGroup(of: [String].self) { group in
            for number in 0..<128 {
                group.addTask {
                    await OwnedThread.value(name: "client") { (0..<10).map { Self.ask(port, kind: (number + $0) % 4) } }
                }
            }
            return await group.reduce(into: []) { $0 += $1 }
        }
        let whole = answers.count { $0.hasPrefix("HTTP/1.1 200") && $0.hasSuffix("now /now\n") }
        #expect(whole > 0)
        #expect(whole + answers.count(where: \.isEmpty) == 1280)
        #expect(await eventually { await server.get("/now")?.hasPrefix("HTTP/1.1 200") == true })
        #expect(await eventually { Descriptors.ofSockets(at: port).count == 1 })
    }

    /// - Parameter kind: 0 and 1 send a request, 2 disconnects at once, 3 disconnects in the middle of one.
    private static func ask(_ port: UInt16, kind: Int) -> String {
        let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        defer { close(socket) }
        var linger = linger(l_onoff: 1, l_linger: 0)
        if kind > 1 {
            setsockopt(socket, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout.size(ofValue: linger)))
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let isConnected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        let request = kind == 3 ? "GET /no" : "GET /now HTTP/1.1\r\nHost: a\r\n\r\n"
        guard isConnected, kind != 2, send(socket, request, request.utf8.count, Int32(MSG_NOSIGNAL)) > 0, kind != 3
        else { return "" }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = recv(socket, &buffer, buffer.count, 0)
            guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
            bytes += buffer[..<count]
        }
    }
}
