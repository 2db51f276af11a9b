/// What a client is told: a status, a text and what kind of text it is.
package struct Answer: Sendable, Equatable {
    package var status: Int
    package var contentType: String
    /// Beside those that every answer has, see `HTTPServer`.
    package var headers: [String: String]
    package var body: String

    package init(
        status: Int = 200, contentType: String = "text/plain; charset=utf-8", headers: [String: String] = [:],
        body: String
    ) {
        self.status = status
        self.contentType = contentType
        self.headers = headers
        self.body = body
    }
}

/// How a request is answered.
package enum Decision: Sendable {
    /// With what is known already.
    case now(Answer)
    /// By whoever takes the request from `HTTPServer.exchanges`.
    case later
}
