import CMicroHTTPD

/// What a client is told: a status, a text and what kind of text it is.
package struct HTTPResponse: Sendable, Equatable {
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
    case now(HTTPResponse)
    /// By whoever takes the request from `HTTPServer.deferredResponses`.
    case later
}

extension HTTPResponse {
    static let methodNotAllowed = HTTPResponse(
        status: 405, headers: ["Allow": "GET, HEAD"], body: "only GET and HEAD are answered\n")
    static let contentTooLarge = HTTPResponse(status: 413, body: "a request with a body is not answered\n")
    static let unavailable = HTTPResponse(status: 503, body: "no answer in time\n")

    /// What every answer has. One request a connection: nobody holds on to one.
    private static let common = [
        "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Connection": "close",
    ]

    /// Hands it to libmicrohttpd, which copies it. MHD_NO, which ends the connection, if there is no memory for it.
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
