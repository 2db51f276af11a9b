import Glibc
import LinuxIO
import TestSupport
import TestTraits
import Testing

@testable import HTTPServer

@Suite(.tags(.concurrent, .unsafeMemory), .endsIfHung)
struct ListeningTests {
    private static func server(_ host: String?, port: UInt16 = 0) throws(LinuxError) -> HTTPServer {
        try HTTPServer(host: host, port: port, limits: .patient) { _ in .now(HTTPResponse(body: "here")) }
    }

    @Test func `without a host it listens at all addresses of both families`() async throws {
        let server = try Self.server(nil)
        defer { server.stop() }
        for host in ["127.0.0.1", "127.1.2.3", "::1"] {
            #expect(await RawClient.get("/", host: host, port: Int(server.port))?.hasSuffix("here") == true, "\(host)")
        }
    }

    @Test func `with a host it listens there alone`() async throws {
        for (host, other) in [("127.0.0.1", "127.1.2.3"), ("::1", "127.0.0.1")] {
            let server = try Self.server(host)
            defer { server.stop() }
            #expect(await RawClient.get("/", host: host, port: Int(server.port))?.hasSuffix("here") == true, "\(host)")
            #expect(await RawClient.get("/", host: other, port: Int(server.port)) == "", "\(host)")
        }
    }

    @Test func `a kernel without IPv6 listens at IPv4`() throws {
        // A family that no kernel has stands for the one that this kernel lacks.
        let socket = try ListeningSocket.open(host: nil, port: 0, families: [AF_APPLETALK, AF_INET])
        #expect(try ListeningSocket.port(of: socket) != 0)
        #expect(throws: LinuxError("listen on", ":7", code: EAFNOSUPPORT)) {
            _ = try ListeningSocket.open(host: nil, port: 7, families: [AF_APPLETALK])
        }
    }

    @Test func `a port in use is an error that names it`() throws {
        let server = try Self.server("127.0.0.1")
        defer { server.stop() }
        let name = "127.0.0.1:\(server.port)"
        #expect(throws: LinuxError("listen on", name, code: EADDRINUSE)) {
            _ = try Self.server("127.0.0.1", port: server.port)
        }
        #expect(throws: LinuxError("listen on", ":\(server.port)", code: EADDRINUSE)) {
            _ = try Self.server(nil, port: server.port)
        }
    }

    @Test func `a port is free again when the server has stopped, though connections linger`() async throws {
        let first = try Self.server("127.0.0.1")
        #expect(await RawClient.get("/", port: Int(first.port))?.hasSuffix("here") == true)
        first.stop()
        let second = try Self.server("127.0.0.1", port: first.port)
        defer { second.stop() }
        #expect(await RawClient.get("/", port: Int(second.port))?.hasSuffix("here") == true)
    }

    @Test(arguments: [("localhost", EINVAL), ("1.2.3", EADDRNOTAVAIL), ("::g", EINVAL), ("192.0.2.1", EADDRNOTAVAIL)])
    func `what is no address of this machine is an error`(_ host: String, _ code: Int32) throws {
        let name = host.contains(":") ? "[\(host)]:0" : "\(host):0"
        #expect(throws: LinuxError("listen on", name, code: code)) { _ = try Self.server(host) }
    }

    @Test func `no program that is started has its descriptors`() async throws {
        let server = try Self.server("127.0.0.1")
        defer { server.stop() }
        let client = server.client("GET")
        #expect(await eventually { Descriptors.ofSockets(at: server.port).count == 2 })
        for descriptor in Descriptors.ofSockets(at: server.port) {
            #expect(fcntl(descriptor, F_GETFD) & FD_CLOEXEC != 0)
        }
        withExtendedLifetime(client) {}
    }
}
