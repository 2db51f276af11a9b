import Kube
import LinuxIO
import Testing

struct PageSizeTests {
    @Test func `a page that is too large is requested again with fewer items, down to one`() {
        var size = PageSize(atMost: 500, limit: 1000)
        var counts = [size.count]
        while size.shrink() { counts.append(size.count) }
        #expect(counts == [500, 125, 31, 7, 1])
    }

    @Test func `after a page that fits, the next one is larger, up to half of the limit`() {
        var size = PageSize(atMost: 500, limit: 1000)
        while size.shrink() {}
        for (items, bytes, count) in [
            (1, 900, 1), (1, 100, 4), (4, 400, 5), (5, 5, 20), (20, 1, 80), (80, 80, 320), (320, 320, 500),
        ] {
            size.grow(after: items, bytes: bytes)
            #expect(size.count == count)
        }
        size.grow(after: 0, bytes: 0)
        #expect(size.count == 500)
    }
}

/// A server with objects of about these sizes; a response above the limit fails as it does in the transport.
private final class PagedServer: KubeTransport {
    private let sizes: [Int]
    /// The limit of each request; 0 for a request of metadata only.
    let asked = Mutex<[Int]>([])

    init(sizes: [Int]) { self.sizes = sizes }

    func send(_ request: Request) async throws(KubeError) -> Response {
        let query = Dictionary(request.query.map { ($0.name, $0.value) }) { $1 }
        let isPartial = request.accept.contains("as=PartialObjectMetadataList")
        let start = query["continue"].flatMap { Int($0) } ?? 0
        let limit = query["limit"].flatMap { Int($0) } ?? 0
        asked.withLock { $0.append(isPartial ? 0 : limit) }
        let range = start..<min(start + limit, sizes.count)
        let items = range.map { index in
            let rest = isPartial ? "" : String(repeating: "x", count: sizes[index])
            return #"{"metadata":{"name":"\#(index)","namespace":"web"},"rest":"\#(rest)"}"#
        }
        let next = range.upperBound < sizes.count ? "\(range.upperBound)" : ""
        let metadata = #"{"resourceVersion":"9","continue":"\#(next)"}"#
        let json = #"{"metadata":\#(metadata),"items":[\#(items.joined(separator: ","))]}"#
        guard json.utf8.count <= request.maximumBody else {
            throw KubeError(request.operation, .transport(.tooLarge(limit: request.maximumBody)))
        }
        return Response(status: 200, headers: [:], body: Array(json.utf8))
    }

    func stream(_ request: Request) async throws(KubeError) -> any ByteStream {
        throw KubeError(request.operation, .transport(.shutDown))
    }

    /// Names in order; unreadable ones are in brackets.
    func names(pageSize: Int) async throws(KubeError) -> [String] {
        var pager = ListPager<MetadataOnly>(
            .secrets, namespace: nil, labelSelector: nil, pageSize: pageSize, limit: ListPagerTests.limit)
        var (names, token): ([String], String?) = ([], nil)
        repeat {
            let page = try await pager.page(token, over: self)
            names += page.items.map(\.metadata.name) + page.unreadable.map { "(\($0.metadata?.name ?? ""))" }
            token = page.nextPage
        } while token != nil
        return names
    }
}

struct ListPagerTests {
    /// Bytes.
    static let limit = 10_000
    private static let large = limit * 3 / 5

    @Test func `objects that are too large together are listed in smaller pages`() async throws {
        let server = PagedServer(sizes: Array(repeating: 1, count: 20) + Array(repeating: Self.large, count: 3) + [1])
        #expect(try await server.names(pageSize: 16) == (0..<24).map { "\($0)" })
        #expect(server.asked.withLock { $0 } == [16, 16, 4, 16, 4, 1, 1, 1, 1])
    }

    @Test func `an object that alone is too large is reported by name, and the list continues after it`() async throws {
        let server = PagedServer(sizes: [1, 1, Self.limit, 1])
        #expect(try await server.names(pageSize: 4) == ["0", "1", "(2)", "3"])
    }
}
