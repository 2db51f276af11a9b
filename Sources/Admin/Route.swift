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

    /// Parses the names and values of a query such as `verbose&page=2`, encoded as a form (WHATWG URL,
    /// `application/x-www-form-urlencoded`). If a name occurs more than once, the first value counts.
    private static func values(_ text: String) -> [String: String] {
        var values: [String: String] = [:]
        for part in text.utf8.split(separator: UInt8(ascii: "&")) {
            let pair = part.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            let name = decoded(pair[0])
            guard values[name] == nil else { continue }
            values[name] = pair.count > 1 ? decoded(pair[1]) : ""
        }
        return values
    }

    /// A percent sign without two hexadecimal digits stays as it is.
    private static func decoded(_ text: Substring.UTF8View) -> String {
        var bytes: [UInt8] = []
        var rest = text[...]
        while let byte = rest.popFirst() {
            let digits = rest.prefix(2)
            if byte == UInt8(ascii: "%"), digits.count == 2, let first = digits.first?.hexadecimal,
                let second = digits.last?.hexadecimal
            {
                bytes.append(first << 4 | second)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension UInt8 {
    fileprivate var hexadecimal: UInt8? {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): self - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): self - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): self - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
