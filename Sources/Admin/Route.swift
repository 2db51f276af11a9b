/// The endpoint that a request asks for.
package enum Route: Sendable, Equatable {
    case healthz(isVerbose: Bool)
    case readyz(isVerbose: Bool)
    case startupz(isVerbose: Bool)
    case metrics
    /// The status page, with the query's values by name.
    case status([String: String])

    /// - Parameter target: the path and query exactly as the client sent them.
    /// - Returns: nil if no endpoint has that path.
    package init?(target: String) {
        // Compares bytes: in Swift, a question mark followed by a combining mark is a different character.
        let parts = target.utf8.split(separator: UInt8(ascii: "?"), maxSplits: 1, omittingEmptySubsequences: false)
        guard let path = parts.first.map({ String($0) }) ?? nil else { return nil }
        let query = Self.values(parts.count > 1 ? String(parts[1]) ?? "" : "")
        switch path {
        case "/": self = .status(query)
        case "/metrics": self = .metrics
        case "/healthz": self = .healthz(isVerbose: query["verbose"] != nil)
        case "/readyz": self = .readyz(isVerbose: query["verbose"] != nil)
        case "/startupz": self = .startupz(isVerbose: query["verbose"] != nil)
        default: return nil
        }
    }

    /// Parses the names and values of a query such as `verbose&page=2`. No known name or value needs percent-encoding,
    /// so nothing is decoded. If a name occurs more than once, the first value counts.
    private static func values(_ text: String) -> [String: String] {
        var values: [String: String] = [:]
        for part in text.utf8.split(separator: UInt8(ascii: "&")) {
            let pair = part.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = pair.first.map({ String($0) }) ?? nil, values[name] == nil else { continue }
            values[name] = pair.count > 1 ? String(pair[1]) ?? "" : ""
        }
        return values
    }
}
