package import JSON

/// Requests the pages of a list, each with as many objects as fit into `Request.largestPage`.
///
/// A tenant can create objects so large that a page with the usual number of objects exceeds the memory of the agent.
/// Such a page is requested again with fewer objects. For a single object that is too large, only the metadata is
/// requested, so that its name is known, and the list continues after it.
package struct ListPager<Item: Sendable & JSONReadable>: Sendable {
    private let resource: Resource
    private let namespace: String?
    private let labelSelector: String?
    private let limit: Int
    private var size: PageSize

    /// - Parameters:
    ///   - pageSize: the maximum number of objects in a page.
    ///   - limit: the maximum size of a page in bytes.
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
    ///   - token: `ListPage.nextPage` of the previous page; nil for the first.
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

    /// A page with only the metadata of one object that is too large (Kubernetes API, "Receiving resources as Tables",
    /// `PartialObjectMetadata`).
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

/// The number of objects to request in one page of a list, so that its size stays below a limit. No I/O.
package struct PageSize: Sendable, Equatable {
    /// The maximum number of objects.
    private let most: Int
    /// The maximum size in bytes.
    private let limit: Int
    package private(set) var count: Int

    package init(atMost most: Int, limit: Int) {
        self.most = most
        self.limit = limit
        count = most
    }

    /// Reduces the number of objects after a page that was too large.
    ///
    /// - Returns: false if the page already had only one object.
    package mutating func shrink() -> Bool {
        guard count > 1 else { return false }
        count /= 4
        count = max(count, 1)
        return true
    }

    /// Increases the number of objects after a page of `bytes`: to the number that takes half of the limit, at most
    /// fourfold.
    package mutating func grow(after items: Int, bytes: Int) {
        let fitting = items * (limit / 2) / max(bytes, 1)
        count = max(count, min(most, count * 4, fitting))
    }
}
