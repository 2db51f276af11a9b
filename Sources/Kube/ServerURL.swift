/// The address of an API server: `https://10.0.0.1:6443`, perhaps with a path before `/api`.
package struct ServerURL: Sendable, Equatable {
    package let scheme: String
    /// An IPv6 address has its brackets.
    package let host: String
    package let port: Int
    /// Empty, or with a leading and no trailing slash.
    package let path: String

    /// - Parameter text: an `http` or `https` URL with a host and no user, query or fragment; otherwise nil.
    package init?(_ text: String) {
        // ASCII alone (RFC 3986): to libcurl, a slash with a combining mark behind it is a slash, to Swift it is none.
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

    /// The URL with another host in it.
    package func text(host other: String? = nil) -> String { "\(scheme)://\(other ?? host):\(port)\(path)" }
}
