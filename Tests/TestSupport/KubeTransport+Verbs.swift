package import JSON
package import Kube

/// Requests that the program sends in other ways.
extension KubeTransport {
    package func get<Item: JSONReadable>(
        _ type: Item.Type, _ resource: Resource, namespace: String? = nil, name: String
    ) async throws(KubeError) -> Item {
        try await send(.get(resource, namespace: namespace, name: name), decoding: type)
    }

    /// Lists one page; see `Request.list`.
    package func list<Item: JSONReadable & Sendable>(
        _ type: Item.Type, _ resource: Resource, namespace: String? = nil, labelSelector: String? = nil,
        limit: Int? = nil, continue token: String? = nil
    ) async throws(KubeError) -> ListPage<Item> {
        let request = Request.list(
            resource, namespace: namespace, labelSelector: labelSelector, limit: limit, continue: token)
        return try await send(request, decoding: ListPage<Item>.self)
    }

    /// - Returns: the metadata of the stored object.
    @discardableResult
    package func create(
        _ resource: Resource, namespace: String? = nil, _ object: JSONValue
    ) async throws(KubeError) -> ObjectMeta {
        try await send(.create(resource, namespace: namespace, object), decoding: MetadataOnly.self).metadata
    }

    /// Sends a JSON merge patch; see `Request.mergePatch`.
    ///
    /// - Returns: the metadata of the stored object.
    @discardableResult
    package func patch(
        _ resource: Resource, namespace: String? = nil, name: String, subresource: String? = nil, _ patch: JSONValue
    ) async throws(KubeError) -> ObjectMeta {
        let request = Request.mergePatch(
            resource, namespace: namespace, name: name, subresource: subresource, patch)
        return try await send(request, decoding: MetadataOnly.self).metadata
    }
}

extension JSONValue {
    package var int: Int? { if case .int(let value) = self { value } else { nil } }
}
