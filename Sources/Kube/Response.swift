/// The answer to a `Request`.
package struct Response: Sendable, CustomStringConvertible, CustomReflectable {
    package let status: Int
    /// By name in lower case.
    package let headers: [String: String]
    package let body: [UInt8]

    package init(status: Int, headers: [String: String] = [:], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    package var isSuccess: Bool { (200..<300).contains(status) }

    /// How long the server asks to wait. The form with a date (RFC 9110, 10.2.3) is taken as no answer: the API
    /// server sends seconds.
    package var retryAfter: Duration? {
        headers["retry-after"].flatMap { Int($0) }.flatMap(Self.delay(seconds:))
    }

    /// What no server can mean, longer than a day or negative, is taken as no answer.
    static func delay(seconds: Int) -> Duration? { (0...86_400).contains(seconds) ? .seconds(seconds) : nil }

    /// Without the body, which may hold secrets.
    package var description: String { "status \(status), \(body.count) bytes" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
