package import Distribution

/// Which distributions the status page lists.
package struct StatusSelection: Sendable, Equatable {
    /// The first is 1. One beyond the last means the last.
    package var page = 1
    /// Only those with this reason; nil: all.
    package var reason: RowReason?

    package init(page: Int = 1, reason: RowReason? = nil) {
        self.page = page
        self.reason = reason
    }

    /// What cannot be used is as if it were not there.
    package init(_ query: [String: String]) {
        if let text = query["page"], text.utf8.count <= 6, let number = Int(text), number > 0 { page = number }
        reason = query["reason"].flatMap { RowReason(name: $0) }
    }

    /// As a link on the page: `?reason=WriteFailed&page=2`, `./` for all.
    var link: String {
        var parts: [String] = []
        if let reason { parts.append("reason=\(reason.name)") }
        if page > 1 { parts.append("page=\(page)") }
        return parts.isEmpty ? "./" : "?" + parts.joined(separator: "&")
    }
}

/// The reason of a row of the overview, as the page shows it.
package enum RowReason: Sendable, Hashable {
    /// Not looked at yet.
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
