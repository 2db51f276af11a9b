import CMicroHTTPD

/// An HTTP response: a status, a content type and a text.
package struct HTTPResponse: Sendable, Equatable {
    package var status: Int
    package var contentType: String
    /// Headers in addition to those of every response; see `HTTPServer`.
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

/// How to respond to a request.
package enum Decision: Sendable {
    /// Respond now.
    case now(HTTPResponse)
    /// The reader of `HTTPServer.deferredResponses` responds later.
    case later
}

extension HTTPResponse {
    static let methodNotAllowed = HTTPResponse(
        status: 405, headers: ["Allow": "GET, HEAD"], body: "only GET and HEAD are allowed\n")
    static let contentTooLarge = HTTPResponse(status: 413, body: "request bodies are not accepted\n")
    static let unavailable = HTTPResponse(status: 503, body: "no response in time\n")

    /// The headers of every response. A connection serves one request, so that no client can keep it open.
    private static let common = [
        "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Connection": "close",
    ]

    /// Passes the response to libmicrohttpd, which copies it. Returns MHD_NO, which closes the connection, if memory is
    /// exhausted.
    func queue(on connection: OpaquePointer) -> MHD_Result {
        var body = body
        let response = body.withUTF8 { mhd_response($0.baseAddress, $0.count) }
        guard let response else { return mhd_no }
        defer { MHD_destroy_response(response) }
        MHD_add_response_header(response, "Content-Type", contentType)
        for (name, value) in Self.common.merging(headers, uniquingKeysWith: { $1 }) {
            MHD_add_response_header(response, name, value)
        }
        return MHD_queue_response(connection, UInt32(status), response)
    }
}
