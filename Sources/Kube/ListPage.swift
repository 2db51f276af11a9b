/// One page of a list.
package struct ListPage<Item: Sendable & Decodable>: Sendable, Decodable {
    package struct Metadata: Sendable, Equatable, Decodable {
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

    private enum CodingKeys: CodingKey {
        case metadata, items
    }

    /// `items` may be null: Go's empty slice.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        metadata = try container.decode(Metadata.self, forKey: .metadata)
        items = try container.decodeIfPresent([Item].self, forKey: .items) ?? []
    }

    /// The token of the next page, nil on the last one.
    package var nextPage: String? {
        guard let token = metadata.continue, !token.isEmpty else { return nil }
        return token
    }
}
