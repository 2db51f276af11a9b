/// The URL of an API server, such as `https://10.0.0.1:6443`, with an optional path before `/api`.
package struct ServerURL: Sendable, Equatable {
    package let scheme: String
    /// An IPv6 address includes its brackets.
    package let host: String
    package let port: Int
    /// Empty, or with a leading and no trailing slash.
    package let path: String

    /// Nil unless `text` is an `http` or `https` URL with a host and without user, query or fragment.
    package init?(_ text: String) {
        // Only ASCII (RFC 3986): a slash followed by a combining mark is a slash to libcurl, but not to Swift.
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }), let separator = text.firstRange(of: "://") else {
            return nil
        }
        scheme = text[..<separator.lowerBound].lowercased()
        guard scheme == "https" || scheme == "http" else { return nil }
        let rest = text[separator.upperBound...]
        let authority = rest.prefix { $0 != "/" }
        guard !rest.contains(where: { "?#@".contains($0) }) else { return nil }
        var path = rest.dropFirst(authority.count)
        while path.last == "/" { path.removeLast() }
        self.path = String(path)
        let colon: Substring.Index?
        if authority.first == "[" {
            guard let bracket = authority.firstIndex(of: "]") else { return nil }
            let after = authority.index(after: bracket)
            colon = after == authority.endIndex ? nil : after
        } else {
            colon = authority.firstIndex(of: ":")
        }
        host = String(authority[..<(colon ?? authority.endIndex)])
        guard !host.isEmpty else { return nil }
        if let colon {
            guard authority[colon] == ":", let port = UInt16(authority[authority.index(after: colon)...]), port > 0
            else { return nil }
            self.port = Int(port)
        } else {
            port = scheme == "https" ? 443 : 80
        }
    }

    /// The URL, with `other` as host if it is not nil.
    package func text(host other: String? = nil) -> String { "\(scheme)://\(other ?? host):\(port)\(path)" }
}
