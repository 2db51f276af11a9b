/// One page of a list.
package struct ListPage<Item: Sendable & JSONReadable>: Sendable, JSONReadable {
    package struct Metadata: Sendable, Equatable {
        /// The state that the whole list shows, the same on all its pages.
        package var resourceVersion: String
        /// Set if there are more pages.
        package var `continue`: String?
        package var remainingItemCount: Int?
    }

    package var metadata: Metadata
    package var items: [Item]

    package init(resourceVersion: String, continue token: String? = nil, items: [Item]) {
        metadata = Metadata(resourceVersion: resourceVersion, continue: token, remainingItemCount: nil)
        self.items = items
    }

    /// `items` may be null: Go's empty slice.
    package init(reading json: JSONNode) throws(JSONBytes.Failure) {
        let list = try json.required("metadata")
        metadata = Metadata(
            resourceVersion: try list.required("resourceVersion").asString(),
            continue: try list["continue"]?.asString(),
            remainingItemCount: try list["remainingItemCount"]?.asInt())
        items = try json["items"]?.asList(of: Item.init(reading:)) ?? []
    }

    /// The token of the next page, nil on the last one.
    package var nextPage: String? {
        guard let token = metadata.continue, !token.isEmpty else { return nil }
        return token
    }
}
