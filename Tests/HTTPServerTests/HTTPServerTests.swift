import Glibc
import TestSupport
import TestTraits
import Testing

@testable import HTTPServer

@Suite(.tags(.concurrent, .unsafeMemory), .endsIfHung)
struct HTTPServerTests {
    @Test func `a request gets its response at once, and the connection is closed`() async throws {
        let server = try HTTPServer.test()
        defer { server.stop() }
        let answer = try #require(await server.get("/now?a=b"))
        #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(answer.hasSuffix("\r\n\r\nnow /now?a=b\n"))
        for header in [
            "Content-Type: text/plain; charset=utf-8", "Cache-Control: no-store", "X-Content-Type-Options: nosniff",
            "Connection: close",
        ] { #expect(answer.contains("\(header)\r\n"), "\(header)") }
    }

    @Test func `a response can be deferred, while others are sent`() async throws {
        let server = try HTTPServer.test()
        defer { server.stop() }
        let client = server.client("GET /later HTTP/1.1\r\nHost: a\r\n\r\n")
        let deferred = try #require(await server.next())
        #expect(deferred.target == "/later")
        #expect(await server.get("/now")?.hasPrefix("HTTP/1.1 200") == true)
        deferred.reply(HTTPResponse(status: 503, headers: ["X-Test": "yes"], body: "late"))
        let answer = try #require(await client.received())
        #expect(answer.hasPrefix("HTTP/1.1 503"))
        #expect(answer.contains("X-Test: yes\r\n"))
        #expect(answer.hasSuffix("\r\n\r\nlate"))
        #expect(deferred.isOver)
        // A second reply has no effect.
        deferred.reply(HTTPResponse(body: "again"))
        #expect(await server.get("/now")?.hasPrefix("HTTP/1.1 200") == true)
    }

    @Test func `a response that is never given becomes 503`() async throws {
        let server = try HTTPServer.test { $0.answer = .milliseconds(50) }
        defer { server.stop() }
        let answer = try #require(await server.get("/later"))
        #expect(answer.hasPrefix("HTTP/1.1 503"))
        #expect(answer.hasSuffix("no response in time\n"))
        let deferred = try #require(await server.next())
        #expect(deferred.isOver)
        deferred.reply(HTTPResponse(body: "too late"))
        #expect(await server.get("/now")?.hasPrefix("HTTP/1.1 200") == true)
    }

    @Test func `HEAD gets a response without a body`() async throws {
        let server = try HTTPServer.test()
        defer { server.stop() }
        let answer = try #require(await server.ask("HEAD /now HTTP/1.1\r\nHost: a\r\n\r\n"))
        #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(answer.contains("Content-Length: 9\r\n"))
        #expect(answer.hasSuffix("\r\n\r\n"))
    }

    @Test(arguments: ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "get", "BREW"])
    func `other methods are rejected`(_ method: String) async throws {
        let server = try HTTPServer.test()
        defer { server.stop() }
        let answer = try #require(await server.ask("\(method) /now HTTP/1.1\r\nHost: a\r\n\r\n"))
        #expect(answer.hasPrefix("HTTP/1.1 405"))
        #expect(answer.contains("Allow: GET, HEAD\r\n"))
    }

    @Test(arguments: ["Content-Length: 3\r\n\r\nabc", "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"])
    func `a body is rejected`(_ rest: String) async throws {
        let server = try HTTPServer.test()
        defer { server.stop() }
        let answer = try #require(await server.ask("GET /now HTTP/1.1\r\nHost: a\r\n\(rest)"))
        #expect(answer.hasPrefix("HTTP/1.1 413"))
        #expect(!answer.contains("now"))
    }

    @Test func `an empty body counts as none`() async throws {
        let server = try HTTPServer.test()
        defer { server.stop() }
        let answer = await server.ask("GET /now HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
        #expect(answer?.hasPrefix("HTTP/1.1 200") == true)
    }

    @Test func `only the first of several requests in one packet gets a response`() async throws {
        let server = try HTTPServer.test()
        defer { server.stop() }
        let answer = try #require(
            await server.ask(
                "GET /1 HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n"))
        #expect(answer.hasSuffix("now /1\n"))
        #expect(answer.contains("Connection: close\r\n"))
    }

    @Test(arguments: ["GET /", "GET / HTTP/1.1\r\nX: "])
    func `a request above the size limit is rejected`(_ start: String) async throws {
        let server = try HTTPServer.test()
        defer { server.stop() }
        let answer = try #require(
            await server.ask(start + String(repeating: "a", count: 9 << 10) + " HTTP/1.1\r\nHost: a\r\n\r\n"))
        #expect(answer.hasPrefix("HTTP/1.1 431") || answer.hasPrefix("HTTP/1.1 414"), "\(answer.prefix(40))")
        #expect(await server.get("/now")?.hasPrefix("HTTP/1.1 200") == true)
    }

    @Test(arguments: [
        "\0\u{1}\u{2}\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "\r\n\r\n\r\n", "GET  HTTP/1.1\r\n\r\n",
    ])
    func `invalid input ends its connection and has no other effect`(_ text: String) async throws {
        let server = try HTTPServer.test { $0.connection = .milliseconds(300) }
        defer { server.stop() }
        #expect(await server.ask(text) != nil)
        #expect(await server.get("/now")?.hasPrefix("HTTP/1.1 200") == true)
    }

    @Test func `a client that closes its sending side after the request gets its response`() async throws {
        let server = try HTTPServer.test()
        defer { server.stop() }
        for target in ["/now", "/later"] {
            let client = server.client("GET \(target) HTTP/1.1\r\nHost: a\r\n\r\n")
            client.finishSending()
            if target == "/later" { try #require(await server.next()).reply(HTTPResponse(body: "late")) }
            #expect(await client.received()?.hasPrefix("HTTP/1.1 200") == true, "\(target)")
        }
    }

    @Test func `a client that disconnects before its response has no effect on others`() async throws {
        let server = try HTTPServer.test()
        defer { server.stop() }
        let client = server.client("GET /later HTTP/1.1\r\nHost: a\r\n\r\n")
        let deferred = try #require(await server.next())
        client.close()
        deferred.reply(HTTPResponse(body: String(repeating: "x", count: 4 << 20)))
        #expect(await server.get("/now")?.hasPrefix("HTTP/1.1 200") == true)
    }

    @Test func `a large response arrives completely`() async throws {
        let server = try HTTPServer.test()
        defer { server.stop() }
        let client = server.client("GET /later HTTP/1.1\r\nHost: a\r\n\r\n")
        try #require(await server.next()).reply(HTTPResponse(body: String(repeating: "x", count: 4 << 20)))
        let answer = try #require(await client.received())
        #expect(answer.hasSuffix("\r\n\r\n" + String(repeating: "x", count: 4 << 20)))
    }
}
