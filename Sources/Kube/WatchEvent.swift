package import JSON

/// One line of a watch.
package enum WatchEvent<Item: KubeObject>: Sendable {
    /// ADDED, which a watch may also send for a known object, or MODIFIED.
    case upsert(Item)
    case delete(Item)
    /// No change. All changes up to this version were sent.
    case bookmark(resourceVersion: String)
    case error(Status)
    /// An unknown type of event.
    case unknown
}

extension WatchEvent: JSONReadable {
    package init(reading json: JSONNode) throws(JSONBytes.Failure) {
        switch try json.required("type").asString() {
        case "ADDED", "MODIFIED": self = .upsert(try Item(reading: json.required("object")))
        case "DELETED": self = .delete(try Item(reading: json.required("object")))
        case "BOOKMARK":
            // The object may be incomplete (Kubernetes API, "Watch bookmarks").
            let metadata = try json.required("object").required("metadata")
            self = .bookmark(resourceVersion: try metadata.required("resourceVersion").asString())
        case "ERROR": self = .error(try Status(reading: json.required("object")))
        default: self = .unknown
        }
    }
}

extension WatchEvent {
    /// Reads an event. One about a version whose content is known becomes a bookmark, and the object is not read.
    package init(
        reading json: JSONNode, isKnown: (_ uid: String, _ resourceVersion: String) -> Bool
    ) throws(JSONBytes.Failure) {
        if json["type"]?.string == "MODIFIED" || json["type"]?.string == "ADDED",
            let metadata = json["object"]?["metadata"],
            let uid = metadata["uid"]?.string, let version = metadata["resourceVersion"]?.string, isKnown(uid, version)
        {
            self = .bookmark(resourceVersion: version)
        } else {
            try self.init(reading: json)
        }
    }
}

/// A change that a watcher reports.
package enum ListWatchEvent<Item: Sendable>: Sendable {
    /// The complete list. Objects that are neither in it nor in `unreadable` no longer exist.
    case replace([Item], unreadable: [UnreadableItem] = [])
    case upsert(Item)
    case delete(Item)
}

extension ListWatchEvent: Equatable where Item: Equatable {}
