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

extension WatchEvent: Decodable {
    private enum CodingKeys: CodingKey {
        case type, object
    }

    /// All that a bookmark holds (Kubernetes API, "Watch bookmarks"): it need not be a complete object.
    private struct Bookmark: Decodable {
        struct Metadata: Decodable { var resourceVersion: String }
        var metadata: Metadata
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        switch try container.decode(String.self, forKey: .type) {
        case "ADDED", "MODIFIED": self = .upsert(try container.decode(Item.self, forKey: .object))
        case "DELETED": self = .delete(try container.decode(Item.self, forKey: .object))
        case "BOOKMARK":
            let bookmark = try container.decode(Bookmark.self, forKey: .object)
            self = .bookmark(resourceVersion: bookmark.metadata.resourceVersion)
        case "ERROR": self = .error(try container.decode(Status.self, forKey: .object))
        default: self = .unknown
        }
    }
}

/// What a watcher tells its user.
package enum FeedEvent<Item: Sendable>: Sendable {
    /// All objects there are: what is not among them is gone.
    case replace([Item])
    case upsert(Item)
    case delete(Item)
}

extension FeedEvent: Equatable where Item: Equatable {}
