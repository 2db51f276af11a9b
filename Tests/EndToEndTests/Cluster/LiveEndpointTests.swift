import Admin
import TestSupport
import TestTraits
import Testing

/// The admin endpoint of a whole agent on a real API server.
@Suite("A running agent's endpoint", .endsIfHung)
struct LiveEndpointTests {
    /// Runs an agent that serves on its own port, and passes `body` a function that sends requests to it.
    private func withEndpoint(
        _ world: World, at host: String? = "127.0.0.1", statusPage: Bool? = nil,
        _ body: (_ get: (String) async throws -> String) async throws -> Void
    ) async throws {
        try await world.withAgent {
            $0.listenAddress = ListenAddress(host: host, port: 0)
            $0.statusPage = statusPage
        } _: {
            try #require(await eventually { world.logs.count("admin endpoint listens") == 1 })
            let line = try #require(world.logs.lines.first { $0.contains("admin endpoint listens") })
            let port = try #require(line.split(separator: ":").last.flatMap { Int($0) })
            try await body { target in
                try #require(await RawClient.get(target, port: port))
            }
        }
    }

    @Test("is ready and started when its Secrets are in sync, and serves exactly the documented metrics")
    func probesAndMetrics() async throws {
        let world = try await World()
        let volume = try AtomicVolume(world.mount)
        let pair = try TLSPair.make()
        try volume.write(["certificate": pair.certificate, "key": pair.key])
        try await world.create(
            world.distribution(
                "tls", type: "kubernetes.io/tls", [("certificate", "tls.crt"), ("key", "tls.key")]))
        try await world.create(world.distribution("missing", [("none", "a")]))
        try await withEndpoint(world) { get in
            #expect(try await eventually { try await get("/startupz").hasPrefix("HTTP/1.1 200 ") })
            // Started implies that the Secret exists.
            #expect(try await world.secret("tls") != nil)
            #expect(try await get("/readyz").hasPrefix("HTTP/1.1 200 "))
            let health = try await get("/healthz?verbose")
            for name in ["mount", "workers", "watch of distributions", "watch of Secrets"] {
                #expect(health.contains("[+]\(name)"), "\(health)")
            }
            let other = try TLSPair.make("other")
            try volume.write(["certificate": other.certificate, "key": other.key])
            #expect(
                try await eventually {
                    try await get("/metrics").contains("secret_writes_total{result=\"updated\"} 1\n")
                })
            let answer = try await get("/metrics")
            let text = String(answer[try #require(answer.firstRange(of: "\r\n\r\n")).upperBound...])
            #expect(try DocumentedMetrics().differences(from: text) == [])
            try await Promtool.check(text)
            for line in [
                "secrets_distributor_rotation_propagation_seconds_count 1", "secrets_distributor_rotations_total 1",
                "secrets_distributor_distributions{ready=\"true\",reason=\"Synced\"} 1",
                "secrets_distributor_distributions{ready=\"false\",reason=\"SourceNotFound\"} 1",
                "secrets_distributor_targets_held_back 1", "secrets_distributor_ready 1",
            ] {
                #expect(text.contains("\n\(line)\n"), "\(line)")
            }
            #expect(
                text.contains("certificate_expiry_timestamp_seconds{namespace=\"\(world.namespace)\",secret=\"tls\"}"))
            let page = try await get("/")
            for part in ["tls", "SourceNotFound", "Last rotation", "missing"] {
                #expect(page.contains(part), "\(part)")
            }
        }
    }

    @Test(
        "has the status page on a loopback address only, unless STATUS_PAGE is set",
        arguments: [
            ("127.0.0.1", nil, true), (nil, nil, false), (nil, true, true), ("127.0.0.1", false, false),
        ] as [(String?, Bool?, Bool)])
    func statusPage(host: String?, setting: Bool?, isServed: Bool) async throws {
        let world = try await World()
        try AtomicVolume(world.mount).write(["a": "1"])
        try await withEndpoint(world, at: host, statusPage: setting) { get in
            try #require(await eventually { try await get("/startupz").hasPrefix("HTTP/1.1 200 ") })
            #expect(try await get("/").hasPrefix(isServed ? "HTTP/1.1 200 " : "HTTP/1.1 404 "))
        }
    }

    @Test("is neither ready nor started before the mount has files")
    func waits() async throws {
        let world = try await World()
        try makeDirectory(world.mount)
        try await withEndpoint(world) { get in
            #expect(try await eventually { try await get("/readyz").contains("[-]mount failed") })
            #expect(try await get("/startupz").hasPrefix("HTTP/1.1 503 "))
            #expect(try await get("/healthz").hasPrefix("HTTP/1.1 200 "))
            try AtomicVolume(world.mount).write(["a": "1"])
            #expect(try await eventually { try await get("/startupz").hasPrefix("HTTP/1.1 200 ") })
            #expect(try await get("/readyz").hasPrefix("HTTP/1.1 200 "))
        }
    }
}
