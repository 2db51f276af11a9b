import Glibc
import Kube
import TestSupport
import Testing

@testable import KubeCurl

@Suite(.timeLimit(.minutes(10)))
struct ConnectionTests {
    @Test func `a connection on which nothing comes any more is replaced`() async throws {
        let server = try await APIServer.shared()
        let namespace = try await server.namespace()
        let proxy = try FaultyProxy(to: server.port)
        defer { proxy.stop() }
        let endpoint = try await Credentials(server.configuration(through: proxy.port)).endpoint()
        let transport = try CurlTransport(shortestSilence: .milliseconds(50))
        defer { transport.shutdown() }
        let (_, stream) = try await transport.stream(
            .watch(.secrets, namespace: namespace, resourceVersion: "0", timeout: .seconds(300)), to: endpoint)
        let watch = try #require(stream)

        proxy.freeze()
        var short = Request.get(path: "/version")
        short.timeout = .milliseconds(200)
        await #expect {
            _ = try await transport.send(short, to: endpoint)
        } throws: { error in
            if case .timeout? = error as? TransportFailure { true } else { false }
        }
        let lost = await failure { () throws(KubeError) in while try await watch.next() != nil {} }
        guard case .transport(.broken) = lost else {
            Issue.record("\(String(describing: lost))")
            return
        }
        var next = Request.get(path: "/version")
        next.timeout = .seconds(10)
        #expect(try await transport.send(next, to: endpoint).isSuccess)
        #expect(transport.statistics.connections == 2)
    }

    @Test func `a watch on which nothing comes any more ends, and the next one has a connection of its own`()
        async throws
    {
        let server = try await APIServer.shared()
        let namespace = try await server.namespace()
        let proxy = try FaultyProxy(to: server.port)
        defer { proxy.stop() }
        let endpoint = try await Credentials(server.configuration(through: proxy.port)).endpoint()
        let transport = try CurlTransport(shortestSilence: .milliseconds(50))
        defer { transport.shutdown() }
        var request = Request.watch(.secrets, namespace: namespace, resourceVersion: "0", timeout: .seconds(300))
        request.timeout = .seconds(2)
        let watch = try #require(try await transport.stream(request, to: endpoint).stream)
        proxy.freeze()
        let lost = await failure { () throws(KubeError) in while try await watch.next() != nil {} }
        guard case .transport(.timeout) = lost else {
            Issue.record("\(String(describing: lost))")
            return
        }
        #expect(try await transport.send(.get(path: "/version"), to: endpoint).isSuccess)
        #expect(transport.statistics.connections == 2)
    }

    /// Beside a watch that brings nothing the end of a large answer can be lost, see `CurlTransport`.
    @Test func `lists have connections of their own`() async throws {
        let server = try await APIServer.shared()
        let namespace = try await server.namespace()
        let client = try server.client(.admin)
        defer { client.shutdown() }
        _ = try await client.list(MetadataOnly.self, .secrets, namespace: namespace)
        #expect(client.connections == 0)
        _ = try await client.send(.get(path: "/version"))
        _ = try await client.list(MetadataOnly.self, .secrets, namespace: namespace)
        #expect(client.connections == 1)
        #expect(client.http2Answers == 1)
    }

    @Test func `a proxy that only the environment names is not used`() async {
        await #expect(processExitsWith: .success) {
            for name in ["http_proxy", "https_proxy", "all_proxy"] { setenv(name, "http://127.0.0.1:1", 1) }
            let transport = try CurlTransport()
            let endpoint = Endpoint(server: try #require(ServerURL("http://127.0.0.1:2")))
            let error = await #expect(throws: TransportFailure.self) {
                _ = try await transport.send(.get(path: "/version"), to: endpoint)
            }
            #expect(error?.description.contains("port 2 ") == true)
        }
    }
}
