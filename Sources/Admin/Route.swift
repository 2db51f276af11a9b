/// What a request asks for.
package enum Route: Sendable, Equatable {
    case healthz(isVerbose: Bool)
    case readyz(isVerbose: Bool)
    case startupz(isVerbose: Bool)
    case metrics
    /// The query by name.
    case status([String: String])

    /// - Parameter target: path and query as the client sent them, whatever they hold.
    /// - Returns: nil if there is nothing at that path.
    package init?(target: String) {
        // By bytes: to Swift a question mark with a combining mark behind it is another character.
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

    /// The names and values of `?verbose&page=2`. Nothing that is asked for needs percent-encoding, so none is decoded. Of a
    /// name that is there more than once the first counts.
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
