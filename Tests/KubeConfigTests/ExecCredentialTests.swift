import Testing

@testable import KubeConfig

struct ExecCredentialTests {
    private func credential(_ status: String) -> ExecCredential? {
        ExecCredential(json: Array(#"{"kind":"ExecCredential","status":\#(status)}"#.utf8))
    }

    @Test func `a token, or a certificate with its key, is read`() throws {
        let token = try #require(credential(#"{"token":"t","expirationTimestamp":"1970-01-01T00:00:09Z"}"#))
        #expect(token.token == "t" && token.certificate == nil && token.key == nil)
        #expect(token.expiry?.rfc3339 == "1970-01-01T00:00:09Z")
        let pair = try #require(
            credential(#"{"token":"","clientCertificateData":"c","clientKeyData":"k","expirationTimestamp":null}"#))
        #expect(pair.token == nil && pair.certificate == Array("c".utf8) && pair.key == Array("k".utf8))
        #expect(pair.expiry == nil)
    }

    @Test(arguments: [
        "null", "{}", "[]", #""t""#, #"{"token":""}"#, #"{"token":null}"#, #"{"token":1}"#,
        #"{"token":"t","clientKeyData":[]}"#, #"{"token":"t","expirationTimestamp":1}"#,
        #"{"clientCertificateData":"c"}"#, #"{"clientKeyData":"k"}"#, "{",
    ])
    func `output without a whole credential is none`(status: String) {
        #expect(credential(status) == nil)
    }
}
