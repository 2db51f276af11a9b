import LinuxIO
import Observability
import TestSupport
import TestTraits
import Testing

@testable import Admin

@Suite(.tags(.concurrent), .endsIfHung)
struct AdminEndpointTests {
    /// The sources of the endpoint; each test changes those that it tests.
    private static func sources(
        heartbeats: [Heartbeat] = [], readiness: [HealthCheck] = [], startup: [HealthCheck] = []
    ) -> AdminSources {
        AdminSources(
            heartbeats: { heartbeats }, readiness: { readiness }, startup: { startup },
            page: { query in
                HTTPPage(html: "<p>\(query["reason"] ?? "all")</p>", securityPolicy: "default-src 'none'")
            },
            metrics: { "secrets_distributor_up 1\n" })
    }

    private func endpoint(_ sources: AdminSources) throws -> AdminEndpoint {
        try AdminEndpoint(
            address: ListenAddress(host: "127.0.0.1", port: 0), sources: sources, logger: .none, limits: .patient)
    }

    private func get(_ target: String, _ endpoint: AdminEndpoint) async throws -> (head: String, body: String) {
        let answer = try #require(await RawClient.get(target, port: Int(endpoint.address.port)))
        let end = try #require(answer.firstRange(of: "\r\n\r\n"))
        return (String(answer[..<end.lowerBound]), String(answer[end.upperBound...]))
    }

    @Test func `probes are answered without the cooperative pool`() async throws {
        // Nothing serves.
        let endpoint = try endpoint(Self.sources())
        defer { endpoint.stop() }
        for path in ["/healthz", "/readyz", "/startupz"] {
            let answer = try await get(path, endpoint)
            #expect(answer.head.hasPrefix("HTTP/1.1 200 "), "\(path)")
            #expect(answer.body == "ok\n", "\(path)")
        }
        #expect(try await get("/nothing", endpoint).head.hasPrefix("HTTP/1.1 404 "))
    }

    @Test func `health fails while a heartbeat is older than its limit, and names it`() async throws {
        let dead = Heartbeat("watch of secrets", limit: .seconds(300))
        let good = Heartbeat("mount", limit: .seconds(300))
        dead.beat(at: .now - .seconds(312))
        good.beat()
        let endpoint = try endpoint(Self.sources(heartbeats: [good, dead]))
        defer { endpoint.stop() }
        var answer = try await get("/healthz", endpoint)
        #expect(answer.head.hasPrefix("HTTP/1.1 503 "))
        #expect(
            answer.body.wholeMatch(
                of: /\[-\]watch of secrets failed: silent for 31[2-9] s, limit 300 s\nhealthz check failed\n/) != nil)
        answer = try await get("/healthz?verbose", endpoint)
        #expect(answer.body.hasPrefix("[+]mount ok\n[-]watch of secrets failed: "))
        dead.beat()
        answer = try await get("/healthz?verbose", endpoint)
        #expect(answer.head.hasPrefix("HTTP/1.1 200 "))
        #expect(answer.body == "[+]mount ok\n[+]watch of secrets ok\nhealthz check passed\n")
    }

    @Test func `readiness and startup fail with their reasons`() async throws {
        let endpoint = try endpoint(
            Self.sources(
                readiness: [HealthCheck("mount"), HealthCheck("policy", problem: "rule 1\nis no rule")],
                startup: [HealthCheck("first pass", problem: "3 of 7 targets are still to be looked at")]))
        defer { endpoint.stop() }
        var answer = try await get("/readyz", endpoint)
        #expect(answer.head.hasPrefix("HTTP/1.1 503 "))
        #expect(answer.body == "[-]policy failed: rule 1\\nis no rule\nreadyz check failed\n")
        answer = try await get("/startupz?verbose", endpoint)
        #expect(answer.head.hasPrefix("HTTP/1.1 503 "))
        #expect(
            answer.body == "[-]first pass failed: 3 of 7 targets are still to be looked at\nstartupz check failed\n")
    }

    @Test func `metrics and the page are served with their types and headers`() async throws {
        let endpoint = try endpoint(Self.sources())
        defer { endpoint.stop() }
        try await endpoint.whileServing {
            let metrics = try await get("/metrics", endpoint)
            #expect(metrics.head.contains("\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8"))
            #expect(metrics.body == "secrets_distributor_up 1\n")
            let page = try await get("/?reason=PairMismatch", endpoint)
            #expect(page.head.contains("\r\nContent-Type: text/html; charset=utf-8"))
            #expect(page.head.contains("\r\nContent-Security-Policy: default-src 'none'\r\n"))
            #expect(page.body == "<p>PairMismatch</p>")
            for head in [metrics.head, page.head] {
                #expect(head.contains("\r\nX-Content-Type-Options: nosniff"))
                #expect(head.contains("\r\nCache-Control: no-store"))
            }
        }
    }

    @Test func `without the page, its path says how to turn it on, and everything else is served`() async throws {
        var sources = Self.sources()
        sources.page = nil
        let endpoint = try endpoint(sources)
        defer { endpoint.stop() }
        try await endpoint.whileServing {
            let page = try await get("/?page=2", endpoint)
            #expect(page.head.hasPrefix("HTTP/1.1 404 "))
            #expect(page.body == "the status page is off; STATUS_PAGE=true turns it on\n")
            #expect(try await get("/metrics", endpoint).head.hasPrefix("HTTP/1.1 200 "))
            #expect(try await get("/readyz", endpoint).head.hasPrefix("HTTP/1.1 200 "))
        }
    }

    @Test(
        "An address is a loopback address if nobody outside the network namespace reaches it",
        arguments: [
            (":1", false), ("0.0.0.0:1", false), ("127.0.0.1:1", true), ("127.9.9.9:1", true), ("10.127.0.0:1", false),
            ("128.0.0.1:1", false), ("[::1]:1", true), ("[0:0:0:0:0:0:0:1]:1", true), ("[::]:1", false),
            ("[fe80::1]:1", false), ("[::ffff:10.0.0.1]:1", false),
        ])
    func loopback(text: String, isLoopback: Bool) throws {
        #expect(try #require(ListenAddress(text)).isLoopback == isLoopback)
    }

    @Test func `frequent requests get data that are at most a second old, and cost the sources no more`() async throws {
        let asked = Mutex(0)
        var sources = Self.sources()
        sources.metrics = {
            asked.withLock {
                $0 += 1
                return "\($0)"
            }
        }
        let endpoint = try endpoint(sources)
        defer { endpoint.stop() }
        try await endpoint.whileServing {
            let start = ContinuousClock.now
            for _ in 0..<20 {
                #expect(try await get("/metrics", endpoint).head.hasPrefix("HTTP/1.1 200 "))
            }
            let most = 1 + Int(start.duration(to: .now) / .seconds(1))
            #expect(asked.withLock { $0 } <= most)
            // The data are not older.
            let body = try await get("/metrics", endpoint).body
            #expect(try await eventually { try await get("/metrics", endpoint).body != body })
        }
    }

    @Test func `hanging sources do not pile up work, and probes are still answered`() async throws {
        let asked = Mutex(0)
        let (gate, opening) = AsyncStream<Void>.makeStream()
        var sources = Self.sources()
        sources.metrics = {
            asked.withLock { $0 += 1 }
            for await _ in gate {}
            return "late"
        }
        let endpoint = try endpoint(sources)
        defer { endpoint.stop() }
        try await endpoint.whileServing {
            let clients = (0..<12).map { _ in
                let client = RawClient(port: Int(endpoint.address.port))
                client.send("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n")
                return client
            }
            #expect(await eventually { asked.withLock { $0 } == 1 })
            let health = try await get("/healthz", endpoint)
            #expect(health.body == "ok\n")
            #expect(asked.withLock { $0 } == 1)
            opening.finish()
            for client in clients { #expect(await client.received()?.hasSuffix("late") == true) }
        }
    }

    @Test func `an invalid address is a configuration error that names it`() throws {
        let first = try endpoint(Self.sources())
        defer { first.stop() }
        let error = try #require(throws: ConfigurationError.self) {
            _ = try AdminEndpoint(address: first.address, sources: Self.sources(), logger: .none)
        }
        let address = first.address.description
        #expect(
            error.description
                == "LISTEN_ADDRESS is \"\(address)\", expected a free port on an address of this machine, or an empty value: cannot listen on \(address): Address already in use"
        )
    }
}

extension AdminEndpoint {
    /// Serves while `body` runs.
    fileprivate func whileServing(_ body: () async throws -> Void) async throws {
        async let serving: Void = serve()
        defer { stop() }
        try await body()
        stop()
        await serving
    }
}
