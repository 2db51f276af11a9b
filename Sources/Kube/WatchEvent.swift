package import JSON

/// One line of a watch.
package enum WatchEvent<Item: KubeObject>: Sendable {
    /// ADDED, which a watch may also say of an object that is known, or MODIFIED.
    case upsert(Item)
    case delete(Item)
    /// No change, but changes up to here were sent.
    case bookmark(resourceVersion: String)
    case error(Status)
    /// A type of event that is not known.
    case unknown
}

extension WatchEvent: JSONReadable {
    package init(reading json: JSONNode) throws(JSONBytes.Failure) {
        switch try json.required("type").asString() {
        case "ADDED", "MODIFIED": self = .upsert(try Item(reading: json.required("object")))
        case "DELETED": self = .delete(try Item(reading: json.required("object")))
        case "BOOKMARK":
            // It need not be a complete object (Kubernetes API, "Watch bookmarks").
            let metadata = try json.required("object").required("metadata")
            self = .bookmark(resourceVersion: try metadata.required("resourceVersion").asString())
        case "ERROR": self = .error(try Status(reading: json.required("object")))
        default: self = .unknown
        }
    }
}

/// What a watcher tells its user.
package enum FeedEvent<Item: Sendable>: Sendable {
    /// All objects there are: what is neither among them nor among those that cannot be read is gone.
    case replace([Item], unreadable: [UnreadableItem] = [])
    case upsert(Item)
    case delete(Item)
}

extension FeedEvent: Equatable where Item: Equatable {}
