package import Distribution

/// What a request asks for.
package enum Route: Sendable, Equatable {
    case healthz(isVerbose: Bool)
    case readyz(isVerbose: Bool)
    case startupz(isVerbose: Bool)
    case metrics
    case status(StatusSelection)

    /// - Parameter target: path and query as the client sent them, whatever they hold.
    /// - Returns: nil if there is nothing at that path.
    package init?(target: String) {
        // By bytes: to Swift a question mark with a combining mark behind it is another character.
        let parts = target.utf8.split(separator: UInt8(ascii: "?"), maxSplits: 1, omittingEmptySubsequences: false)
        guard let path = parts.first.map({ String($0) }) ?? nil else { return nil }
        let query = Query(parts.count > 1 ? String(parts[1]) ?? "" : "")
        switch path {
        case "/": self = .status(StatusSelection(query))
        case "/metrics": self = .metrics
        case "/healthz": self = .healthz(isVerbose: query["verbose"] != nil)
        case "/readyz": self = .readyz(isVerbose: query["verbose"] != nil)
        case "/startupz": self = .startupz(isVerbose: query["verbose"] != nil)
        default: return nil
        }
    }
}

/// The names and values of `?verbose&page=2`. Nothing that is asked for needs percent-encoding, so none is decoded.
struct Query {
    private var values: [String: String] = [:]

    /// Of a name that is there more than once the first counts.
    init(_ text: String) {
        for part in text.utf8.split(separator: UInt8(ascii: "&")) {
            let pair = part.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = pair.first.map({ String($0) }) ?? nil, values[name] == nil else { continue }
            values[name] = pair.count > 1 ? String(pair[1]) ?? "" : ""
        }
    }

    subscript(_ name: String) -> String? { values[name] }
}

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
    fileprivate init(_ query: Query) {
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
