import Kube
import TestSupport
import TestTraits
import Testing

@testable import JSON
@testable import KubeCurl

@Suite(.tags(.concurrent, .unsafeMemory), .endsIfHung)
struct BackpressureTests {
    @Test func `a slow reader gets the whole watch, however much is pending`() async throws {
        let server = try await APIServer.shared()
        let namespace = try await server.namespace()
        let stream = try await server.client.stream(
            .watch(.secrets, namespace: namespace, resourceVersion: "0", timeout: .seconds(300)))
        let value = JSONValue.string(String(repeating: "A", count: 700_000))
        let names = (0..<12).map { "large-\($0)" }
        for name in names {
            // Requests only the metadata in the response.
            var request = Request.create(.secrets, namespace: namespace, secret(name, ["a": value]))
            request.accept = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
            _ = try await server.client.send(request)
        }
        var splitter = LineSplitter()
        var seen: [String] = []
        while seen.count < names.count, let chunk = try await stream.next() {
            #expect(chunk.count <= 2 * CurlTransport.maximumBacklog)
            for case .whole(let line) in splitter.feed(chunk) {
                guard case .upsert(let item) = try JSONBytes.decode(WatchEvent<MetadataOnly>.self, from: line) else {
                    continue
                }
                seen.append(item.metadata.name)
            }
        }
        #expect(seen == names)
    }

    @Test func `a response above its size limit is cancelled`() async throws {
        let server = try await APIServer.shared()
        let namespace = try await server.namespace()
        for name in ["a", "b"] {
            try await server.client.create(
                .secrets, namespace: namespace, secret(name, ["a": .string(String(repeating: "A", count: 200_000))]))
        }
        // Compressed, it has a few hundred bytes.
        var request = Request.list(.secrets, namespace: namespace)
        request.maximumBody = 300_000
        let kind = await failure { () async throws(KubeError) in try await server.client.send(request) }
        #expect(kind == .transport(.tooLarge(limit: 300_000)))
        request.maximumBody = 600_000
        #expect(try await server.client.send(request, decoding: ListPage<MetadataOnly>.self).items.count == 2)
        var pager = ListPager<MetadataOnly>(.secrets, namespace: namespace, labelSelector: nil, limit: 300_000)
        let page = try await pager.page(nil, over: server.client)
        #expect(page.items.map(\.metadata.name) == ["a"] && page.nextPage != nil)
        var small = ListPager<MetadataOnly>(.secrets, namespace: namespace, labelSelector: nil, limit: 100_000)
        let named = try await small.page(nil, over: server.client)
        #expect(named.items.isEmpty && named.unreadable.map(\.metadata?.name) == ["a"] && named.nextPage != nil)
    }

    @Test func `a response that is known to exceed the buffer uses a separate connection`() {
        var request = Request.get(.secrets, namespace: "web", name: "a")
        #expect(!request.needsOwnConnection)
        request.expectedResponseSize = EasyHandle.maxBufferSize + 1
        #expect(request.needsOwnConnection)
    }
}
