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

    @Test func `without a host the server listens on all addresses of both families`() async throws {
        let server = try Self.server(nil)
        defer { server.stop() }
        for host in ["127.0.0.1", "127.1.2.3", "::1"] {
            #expect(await RawClient.get("/", host: host, port: Int(server.port))?.hasSuffix("here") == true, "\(host)")
        }
    }

    @Test func `with a host the server listens only there`() async throws {
        for (host, other) in [("127.0.0.1", "127.1.2.3"), ("::1", "127.0.0.1")] {
            let server = try Self.server(host)
            defer { server.stop() }
            #expect(await RawClient.get("/", host: host, port: Int(server.port))?.hasSuffix("here") == true, "\(host)")
            #expect(await RawClient.get("/", host: other, port: Int(server.port)) == "", "\(host)")
        }
    }

    @Test func `on a kernel without IPv6 the server listens on IPv4`() throws {
        // A family that no kernel has, in place of the one that this kernel would lack.
        let socket = try ListeningSocket.open(host: nil, port: 0, families: [AF_APPLETALK, AF_INET])
        #expect(try ListeningSocket.port(of: socket) != 0)
        #expect(throws: LinuxError("listen on", ":7", code: EAFNOSUPPORT)) {
            _ = try ListeningSocket.open(host: nil, port: 7, families: [AF_APPLETALK])
        }
    }

    @Test func `the error for a port in use names the port`() throws {
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

    @Test func `a port is free again when the server has stopped, even if connections linger`() async {
        // In a process of its own: a child that another test starts has copies of all descriptors until its exec, and so
        // keeps the first listener open for a moment.
        await #expect(processExitsWith: .success) {
            // Between the two servers, a connection of another test must not get the port.
            let first = try ListeningTests.server("127.0.0.1", port: UInt16(LoopbackPort.reserve()))
            #expect(await RawClient.get("/", port: Int(first.port))?.hasSuffix("here") == true)
            first.stop()
            let second = try ListeningTests.server("127.0.0.1", port: first.port)
            defer { second.stop() }
            #expect(await RawClient.get("/", port: Int(second.port))?.hasSuffix("here") == true)
        }
    }

    @Test(arguments: [("localhost", EINVAL), ("1.2.3", EADDRNOTAVAIL), ("::g", EINVAL), ("192.0.2.1", EADDRNOTAVAIL)])
    func `an address that is not one of this machine causes an error`(_ host: String, _ code: Int32) throws {
        let name = host.contains(":") ? "[\(host)]:0" : "\(host):0"
        #expect(throws: LinuxError("listen on", name, code: code)) { _ = try Self.server(host) }
    }

    @Test func `started programs do not inherit its descriptors`() async throws {
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
