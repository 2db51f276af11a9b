import Glibc
import LinuxIO
import TestSupport
import TestTraits
import Testing

@testable import HTTPServer

/// Clients that try to block others, or to keep the process busy.
@Suite(.tags(.concurrent, .unsafeMemory), .endsIfHung)
struct ServerBoundsTests {
    @Test func `a slow request is ended at the connection's deadline`() async throws {
        let server = try HTTPServer.test { $0.connection = .milliseconds(400) }
        defer { server.stop() }
        let client = server.client("GET /now HTTP/1.1\r\n")
        let isOver = Switch(false)
        let dripping = try OwnedThread(name: "drip") {
            while !isOver.isOn {
                client.send("X: y\r\n")
                // The interval between bytes.
                usleep(20_000)
            }
        }
        let start = ContinuousClock.now
        #expect(await client.received() == "")
        isOver.isOn = true
        dripping.join()
        #expect(ContinuousClock.now - start > .milliseconds(300))
        #expect(await server.get("/now")?.hasPrefix("HTTP/1.1 200") == true)
    }

    @Test func `a response that is not read is ended at the connection's deadline`() async throws {
        let server = try HTTPServer.test { $0.connection = .milliseconds(400) }
        defer { server.stop() }
        let client = server.client("GET /later HTTP/1.1\r\nHost: a\r\n\r\n")
        let size = 64 << 20
        try #require(await server.next()).reply(HTTPResponse(body: String(repeating: "x", count: size)))
        #expect(await eventually { Descriptors.ofSockets(at: server.port).count == 1 })
        let received = try #require(await client.received())
        #expect(received.utf8.count < size)
    }

    @Test func `a deferred response ends with its connection`() async throws {
        let server = try HTTPServer.test { $0.connection = .milliseconds(100) }
        defer { server.stop() }
        let client = server.client("GET /later HTTP/1.1\r\nHost: a\r\n\r\n")
        let deferred = try #require(await server.next())
        #expect(await client.received() == "")
        #expect(await eventually { deferred.isOver })
    }

    @Test func `silent clients block nobody: the oldest connections are closed`() async throws {
        let server = try HTTPServer.test()
        defer { server.stop() }
        let silent = (0..<100).map { _ in server.client("") }
        for _ in 0..<3 { #expect(await server.get("/now")?.hasPrefix("HTTP/1.1 200") == true) }
        // The oldest connection was closed; the newest still gets its response.
        #expect(await silent[0].received() == "")
        let youngest = try #require(silent.last)
        youngest.send("GET /now HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(await youngest.received()?.hasPrefix("HTTP/1.1 200") == true)
        #expect(Descriptors.ofSockets(at: server.port).count <= 1 + Int(HTTPServer.Limits().connections))
    }

    @Test func `there are never more connections than the limit; others wait`() async throws {
        let server = try HTTPServer.test {
            $0.connections = 4
            // No connection is evicted.
            $0.evictionThreshold = 1000
        }
        defer { server.stop() }
        let clients = (0..<8).map { _ in server.client("GET /later HTTP/1.1\r\nHost: a\r\n\r\n") }
        var deferred: [DeferredResponse] = []
        for _ in 0..<4 { deferred.append(try #require(await server.next())) }
        for _ in 0..<4 {
            // Until the next reply, no connection is closed or accepted: the descriptors cannot be counted all at once.
            #expect(Descriptors.ofSockets(at: server.port).count == 1 + 4)
            deferred.removeFirst().reply(HTTPResponse(body: "late"))
            deferred.append(try #require(await server.next()))
        }
        for response in deferred { response.reply(HTTPResponse(body: "late")) }
        for client in clients { #expect(await client.received()?.hasSuffix("late") == true) }
    }

    @Test func `the thread sleeps while nothing happens, with connections open and others waiting`() async throws {
        let thread = Mutex<pthread_t?>(nil)
        var limits = HTTPServer.Limits.patient
        limits.connections = 2
        limits.evictionThreshold = 1000
        let server = try HTTPServer(host: "127.0.0.1", port: 0, limits: limits) { _ in
            thread.withLock { $0 = pthread_self() }
            return .later
        }
        defer { server.stop() }
        let clients = ["GET /later HTTP/1.1\r\nHost: a\r\n\r\n", "GET /no", "GET"].map { server.client($0) }
        let deferred = try #require(await server.next())
        #expect(await eventually { Descriptors.ofSockets(at: server.port).count == 3 })
        let own = try #require(thread.withLock { $0 })
        let before = Descriptors.processorTime(of: own)
        // Measures the thread's time in this interval; there is no condition to wait for.
        try await Task.sleep(for: .milliseconds(500))
        #expect(Descriptors.processorTime(of: own) - before < .milliseconds(100))
        deferred.reply(HTTPResponse(body: ""))
        #expect(await clients[0].received()?.hasPrefix("HTTP/1.1 200") == true)
    }

    @Test func `stopping with requests in flight ends them, and leaks no descriptor`() async throws {
        let server = try HTTPServer(host: "127.0.0.1", port: 0, limits: .patient) { _ in .later }
        let waiting = (0..<3).map { _ in server.client("GET /later HTTP/1.1\r\nHost: a\r\n\r\n") }
        let half = server.client("GET /")
        var deferredResponses: [DeferredResponse] = []
        for _ in 0..<3 { deferredResponses.append(try #require(await server.next())) }
        // A request that was not processed yet.
        let untaken = server.client("GET /later HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(await eventually { Descriptors.ofSockets(at: server.port).count == 1 + 5 })
        server.stop()
        #expect(Descriptors.ofSockets(at: server.port).count == 0)
        for client in waiting + [half, untaken] { #expect(await client.received() != nil) }
        for deferred in deferredResponses {
            #expect(deferred.isOver)
            deferred.reply(HTTPResponse(body: "to nobody"))
        }
        var rest = 0
        for await _ in server.deferredResponses { rest += 1 }
        #expect(rest <= 1)
        server.stop()
    }
}
