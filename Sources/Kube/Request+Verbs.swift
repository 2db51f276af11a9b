package import JSON

/// The requests that the agent makes.
extension Request {
    /// The name under which our writes are recorded in `metadata.managedFields`.
    package static let fieldManager = "secrets-distributor"

    /// A GET of a path that is no resource, as `/readyz`.
    package static func get(path: String) -> Request {
        Request(.get, Operation(.get, resource: path), path: path, isRepeatable: true)
    }

    package static func get(_ resource: Resource, namespace: String? = nil, name: String) -> Request {
        var request = Request(
            .get, Operation(.get, resource: resource.plural, namespace: namespace, name: name),
            path: resource.path(namespace: namespace, name: name), isRepeatable: true)
        if resource.plural == Resource.secrets.plural { request.maximumBody = largestSecret }
        return request
    }

    /// One page of a list.
    ///
    /// - Parameters:
    ///   - namespace: nil for all namespaces.
    ///   - limit: at most so many items; the server says with `metadata.continue` that there are more.
    ///   - token: the `metadata.continue` of the page before. The server answers 410 when it has expired.
    package static func list(
        _ resource: Resource, namespace: String? = nil, labelSelector: String? = nil, limit: Int? = nil,
        continue token: String? = nil
    ) -> Request {
        var query: [QueryItem] = []
        query.add("labelSelector", labelSelector)
        query.add("limit", limit.map { String($0) })
        query.add("continue", token)
        var request = Request(
            .get, Operation(.list, resource: resource.plural, namespace: namespace),
            path: resource.path(namespace: namespace), query: query, isRepeatable: true)
        request.maximumBody = largestPage
        return request
    }

    /// The changes since `resourceVersion`, for `timeout`, with bookmarks.
    package static func watch(
        _ resource: Resource, namespace: String? = nil, labelSelector: String? = nil, resourceVersion: String,
        timeout: Duration
    ) -> Request {
        var query: [QueryItem] = []
        query.add("watch", "true")
        query.add("allowWatchBookmarks", "true")
        query.add("resourceVersion", resourceVersion)
        query.add("timeoutSeconds", String(timeout.components.seconds))
        query.add("labelSelector", labelSelector)
        var request = Request(
            .get, Operation(.watch, resource: resource.plural, namespace: namespace),
            path: resource.path(namespace: namespace), query: query, isRepeatable: true)
        // The server ends the watch; if it does not, the connection is dead. Nothing else tells: of a kind that does not
        // change there are no bookmarks either (Kubernetes' cacher sends those alone that are newer than the watch).
        request.timeout = timeout + .seconds(30)
        return request
    }

    /// - Parameters:
    ///   - object: the manifest, with `apiVersion` and `kind`.
    ///   - dryRun: authorise, admit and validate it, but store nothing.
    package static func create(
        _ resource: Resource, namespace: String? = nil, _ object: JSONValue, dryRun: Bool = false
    ) -> Request {
        let name = object["metadata"]?["name"]?.string
        var query = [QueryItem(name: "fieldManager", value: fieldManager)]
        if dryRun { query.add("dryRun", "All") }
        return Request(
            .post, Operation(.create, resource: resource.plural, namespace: namespace, name: name),
            path: resource.path(namespace: namespace), query: query,
            body: object.encoded(), contentType: "application/json", isRepeatable: dryRun)
    }

    /// A JSON merge patch (RFC 7386): `null` removes a key, an array is replaced whole.
    ///
    /// With `metadata.resourceVersion` in it the server refuses it (409) when the object has changed since.
    package static func mergePatch(
        _ resource: Resource, namespace: String? = nil, name: String, subresource: String? = nil, _ patch: JSONValue
    ) -> Request {
        Request(
            .patch, Operation(.patch, resource: resource.plural, namespace: namespace, name: name),
            path: resource.path(namespace: namespace, name: name, subresource: subresource),
            query: [QueryItem(name: "fieldManager", value: fieldManager)],
            body: patch.encoded(), contentType: "application/merge-patch+json",
            isRepeatable: false)
    }

    /// Deletes one object, if it is still the one that was seen: otherwise the server answers 409.
    package static func delete(
        _ resource: Resource, namespace: String? = nil, name: String, uid: String?, resourceVersion: String? = nil
    ) -> Request {
        var preconditions: [String: JSONValue] = [:]
        if let uid { preconditions["uid"] = .string(uid) }
        if let resourceVersion { preconditions["resourceVersion"] = .string(resourceVersion) }
        var options: [String: JSONValue] = ["apiVersion": "v1", "kind": "DeleteOptions"]
        if !preconditions.isEmpty { options["preconditions"] = .object(preconditions) }
        return Request(
            .delete, Operation(.delete, resource: resource.plural, namespace: namespace, name: name),
            path: resource.path(namespace: namespace, name: name), body: JSONValue.object(options).encoded(),
            contentType: "application/json", isRepeatable: false)
    }
}

extension [Request.QueryItem] {
    fileprivate mutating func add(_ name: String, _ value: String?) {
        if let value { append(Request.QueryItem(name: name, value: value)) }
    }
}
