package import JSON

/// One page of a list.
package struct ListPage<Item: Sendable & JSONReadable>: Sendable {
    package struct Metadata: Sendable, Equatable {
        /// The version of the whole list, the same for all its pages.
        package var resourceVersion: String
        /// Set if there are more pages.
        package var `continue`: String?
        package var remainingItemCount: Int?
    }

    package var metadata: Metadata
    package var items: [Item]
    /// The objects that exist and cannot be read.
    package var unreadable: [UnreadableItem]

    package init(
        resourceVersion: String, continue token: String? = nil, items: [Item], unreadable: [UnreadableItem] = []
    ) {
        metadata = Metadata(resourceVersion: resourceVersion, continue: token, remainingItemCount: nil)
        self.items = items
        self.unreadable = unreadable
    }

    /// The token of the next page, nil on the last one.
    package var nextPage: String? {
        guard let token = metadata.continue, !token.isEmpty else { return nil }
        return token
    }
}

extension ListPage: JSONReadable {
    package init(reading json: JSONNode) throws(JSONBytes.Failure) { try self.init(json: json.text) }

    /// Reads each item separately. `items` may be null, which is how Go encodes an empty slice.
    package init(json bytes: ArraySlice<UInt8>) throws(JSONBytes.Failure) {
        var (items, unreadable): ([Item], [UnreadableItem]) = ([], [])
        let json = try JSONNode.splitting("items", of: bytes) { item in
            do throws(JSONBytes.Failure) {
                guard let item else { throw JSONBytes.Failure(description: "it is not valid JSON") }
                items.append(try Item(reading: item))
            } catch {
                let node = item?["metadata"]
                let metadata = node.flatMap(ObjectMeta.init(identifying:))
                let hidesAnnotations = node?["annotations"] != nil && metadata?.annotations == nil
                unreadable.append(
                    UnreadableItem(
                        metadata: metadata, reason: error.description, hidesAnnotations: hidesAnnotations))
            }
        }
        if let list = json["items"], !list.isArray { try list.fails("is not a list") }
        let list = try json.required("metadata")
        metadata = Metadata(
            resourceVersion: try list.required("resourceVersion").asString(),
            continue: try list["continue"]?.asString(),
            remainingItemCount: try list["remainingItemCount"]?.asInt())
        self.items = items
        self.unreadable = unreadable
    }
}

/// An object of a list that cannot be read. The other objects of the list are not affected.
package struct UnreadableItem: Sendable, Equatable, CustomStringConvertible {
    /// Nil if not even its name can be read.
    package let metadata: ObjectMeta?
    /// Why it cannot be read. Names the place, never the content.
    package let reason: String
    /// Whether it has annotations that cannot be read.
    package let hidesAnnotations: Bool

    package init(metadata: ObjectMeta?, reason: String, hidesAnnotations: Bool = false) {
        self.metadata = metadata
        self.hidesAnnotations = hidesAnnotations
        self.reason = reason
    }

    package var description: String {
        guard let metadata else { return "an object without a name cannot be read: \(reason)" }
        let name = [metadata.namespace, metadata.name].compactMap { $0 }.joined(separator: "/")
        return "\(name) cannot be read: \(reason)"
    }
}
