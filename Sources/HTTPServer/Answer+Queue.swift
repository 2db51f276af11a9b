import CMicroHTTPD

extension Answer {
    static let methodNotAllowed = Answer(
        status: 405, headers: ["Allow": "GET, HEAD"], body: "only GET and HEAD are answered\n")
    static let contentTooLarge = Answer(status: 413, body: "a request with a body is not answered\n")
    static let unavailable = Answer(status: 503, body: "no answer in time\n")

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
