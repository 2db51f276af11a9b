import Kube

/// The value of `NOTIFY_URL`.
package struct NotificationURL: Sendable, Equatable {
    package let text: String
    let server: ServerURL
    /// The path and the query.
    let target: String

    /// Nil unless `text` is an `http` or `https` URL with a host and without user and fragment.
    package init?(_ text: String) {
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }), let scheme = text.firstRange(of: "://") else {
            return nil
        }
        let rest = text[scheme.upperBound...]
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        guard !rest.contains("#"), let server = ServerURL("\(text[..<scheme.upperBound])\(authority)") else {
            return nil
        }
        self.text = text
        self.server = server
        let target = rest.dropFirst(authority.count)
        self.target = target.first == "/" ? String(target) : "/\(target)"
    }
}
