package import Distribution
import Observability

/// The distributions that the status page lists.
package struct StatusSelection: Sendable, Equatable {
    /// The page number, from 1. A number beyond the last page selects the last page.
    package var page = 1
    /// The reason to filter by; nil lists all distributions.
    package var reason: RowReason?
    /// Words that a listed distribution must contain; empty lists all distributions.
    package var search: String

    package init(page: Int = 1, reason: RowReason? = nil, search: String = "") {
        self.page = page
        self.reason = reason
        self.search = search
    }

    /// The maximum length of a search, in bytes. The rest of a longer one is ignored.
    static let longestSearch = 200

    /// Reads the query's values; invalid values are ignored.
    package init(_ query: [String: String]) {
        if let text = query["page"], text.utf8.count <= 6, let number = Int(text), number > 0 { page = number }
        reason = query["reason"].flatMap { RowReason(name: $0) }
        search = query["search"]?.split(whereSeparator: \.isWhitespace).joined(separator: " ") ?? ""
        while search.utf8.count > Self.longestSearch { search.removeLast() }
    }

    /// The link to this selection, for example `?reason=WriteFailed&page=2`; `./` for all.
    var link: String {
        var parts: [String] = []
        if let reason { parts.append("reason=\(reason.name)") }
        if !search.isEmpty { parts.append("search=\(PercentEncoding.encode(search))") }
        if page > 1 { parts.append("page=\(page)") }
        return parts.isEmpty ? "./" : "?" + parts.joined(separator: "&")
    }
}

/// The reason of a row, as the page shows it.
package enum RowReason: Sendable, Hashable {
    /// Not processed yet.
    case pending
    case of(Reason)

    package init(_ reason: Reason?) { self = reason.map { .of($0) } ?? .pending }

    init?(name: String) {
        if name == Self.pending.name {
            self = .pending
        } else if let reason = Reason(rawValue: name) {
            self = .of(reason)
        } else {
            return nil
        }
    }

    package var name: String {
        switch self {
        case .pending: "Pending"
        case .of(let reason): reason.rawValue
        }
    }
}
