package import JSON

/// Asks for the pages of a list, each with as many objects as fit into `Request.largestPage`.
///
/// A tenant can make its objects so large that a page of the usual number takes more memory than the agent has. Such a page
/// is asked for again with fewer objects; one that is too large even alone is asked for its metadata alone, so that it is
/// known by name, and the list goes on behind it.
package struct ListPager<Item: Sendable & JSONReadable>: Sendable {
    private let resource: Resource
    private let namespace: String?
    private let labelSelector: String?
    private let limit: Int
    private var size: PageSize

    /// - Parameters:
    ///   - pageSize: the most objects in a page.
    ///   - limit: the most bytes of a page.
    package init(
        _ resource: Resource, namespace: String?, labelSelector: String?, pageSize: Int = 500,
        limit: Int = Request.largestPage
    ) {
        self.resource = resource
        self.namespace = namespace
        self.labelSelector = labelSelector
        self.limit = limit
        size = PageSize(atMost: pageSize, limit: limit)
    }

    /// - Parameters:
    ///   - token: `ListPage.nextPage` of the page before; nil for the first.
    ///   - waits: called before each further attempt.
    package mutating func page(
        _ token: String?, over transport: any KubeTransport, waits: () -> Void = {}
    ) async throws(KubeError) -> ListPage<Item> {
        while true {
            let request = request(token)
            do throws(KubeError) {
                let response = try await transport.send(request)
                let page = try response.decode(ListPage<Item>.self, of: request)
                size.grow(after: page.items.count + page.unreadable.count, bytes: response.body.count)
                return page
            } catch {
                guard case .transport(.tooLarge) = error.kind else { throw error }
                waits()
                guard size.shrink() else { return try await namesOnly(token, transport) }
            }
        }
    }

    private func request(_ token: String?) -> Request {
        var request = Request.list(
            resource, namespace: namespace, labelSelector: labelSelector, limit: size.count, continue: token)
        request.maximumBody = limit
        return request
    }

    /// A page of one object that is too large (Kubernetes API, "Receiving resources as Tables", `PartialObjectMetadata`).
    private func namesOnly(
        _ token: String?, _ transport: any KubeTransport
    ) async throws(KubeError) -> ListPage<Item> {
        var request = request(token)
        request.accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
        let page = try await transport.send(request, decoding: ListPage<MetadataOnly>.self)
        let large = page.items.map {
            UnreadableItem(metadata: $0.metadata, reason: "it is larger than \(limit) bytes as JSON")
        }
        return ListPage(
            resourceVersion: page.metadata.resourceVersion, continue: page.metadata.continue, items: [],
            unreadable: large + page.unreadable)
    }
}

/// How many objects to ask for in one page of a list, so that its bytes stay below a limit. No I/O.
package struct PageSize: Sendable, Equatable {
    /// The most objects.
    private let most: Int
    /// The most bytes.
    private let limit: Int
    package private(set) var count: Int

    package init(atMost most: Int, limit: Int) {
        self.most = most
        self.limit = limit
        count = most
    }

    /// The page was too large.
    ///
    /// - Returns: whether a smaller one can be asked for.
    package mutating func shrink() -> Bool {
        guard count > 1 else { return false }
        count /= 4
        count = max(count, 1)
        return true
    }

    /// A page has come: the next one may grow to what would take half of the limit, and fourfold at most.
    package mutating func grow(after items: Int, bytes: Int) {
        let fitting = items * (limit / 2) / max(bytes, 1)
        count = max(count, min(most, count * 4, fitting))
    }
}
