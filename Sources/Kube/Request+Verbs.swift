package import JSON

/// The requests that the agent makes.
extension Request {
    /// The name of the agent in `metadata.managedFields`.
    package static let fieldManager = "secrets-distributor"

    /// A GET of a path that is not a resource, such as `/readyz`.
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
    ///   - limit: the maximum number of items. If there are more, the server sets `metadata.continue`.
    ///   - token: the `metadata.continue` of the previous page. The server responds with 410 if it has expired.
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

    /// A list that contains only the object of this name, for a role that allows lists and not gets.
    package static func list(_ resource: Resource, namespace: String? = nil, only name: String) -> Request {
        var request = list(resource, namespace: namespace)
        request.query.append(QueryItem(name: "fieldSelector", value: "metadata.name=\(name)"))
        return request
    }

    /// A list of no objects, whose `metadata.resourceVersion` is the server's current version. The server looks up a
    /// single name, so the response does not depend on the number of objects.
    ///
    /// It is not repeated. While a server is away, it may be restored from a backup; once its version has grown beyond the
    /// last known one, nothing shows that.
    ///
    /// - Parameter namespace: one in which the role allows lists; nil for all.
    package static func version(_ resource: Resource, namespace: String? = nil) -> Request {
        // Not a valid name, so no object has it.
        var request = list(resource, namespace: resource.isNamespaced ? namespace ?? "default" : nil, only: "-")
        request.isAttemptedOnce = true
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
        // The server ends the watch after `timeout`. If it does not, the connection is dead. There is no other sign: a
        // kind that does not change gets no bookmarks either (the cacher of Kubernetes sends only bookmarks newer than
        // the watch).
        request.timeout = timeout + .seconds(30)
        return request
    }

    /// - Parameters:
    ///   - object: the manifest, with `apiVersion` and `kind`.
    ///   - dryRun: the server authorizes, admits and validates the object, but does not store it.
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

    /// Replaces an object. If it contains `metadata.resourceVersion`, the server rejects it (409) if the object has changed
    /// since. What the object does not contain is removed, except `metadata.managedFields`.
    package static func update(
        _ resource: Resource, namespace: String? = nil, name: String, _ object: JSONValue
    ) -> Request {
        Request(
            .put, Operation(.update, resource: resource.plural, namespace: namespace, name: name),
            path: resource.path(namespace: namespace, name: name),
            query: [QueryItem(name: "fieldManager", value: fieldManager)],
            body: object.encoded(), contentType: "application/json", isRepeatable: false)
    }

    /// A JSON merge patch (RFC 7386): `null` removes a key, an array is replaced as a whole.
    ///
    /// If the patch contains `metadata.resourceVersion`, the server rejects it (409) if the object has changed since.
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

    /// Deletes one object. If it does not have the given uid and resource version any more, the server responds with
    /// 409.
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
