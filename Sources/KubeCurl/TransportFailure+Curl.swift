import CCurl
import Kube

extension TransportFailure {
    /// - Parameters:
    ///   - easy: the handle of the failed transfer.
    ///   - text: the content of libcurl's error buffer.
    init(_ code: CURLcode, easy: UnsafeMutableRawPointer?, text: String) {
        let reason = text.isEmpty ? String(cString: curl_easy_strerror(code)) : text
        switch code {
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY, CURLE_COULDNT_CONNECT:
            self = .connect(reason: reason)
        case CURLE_OPERATION_TIMEDOUT: self = .timeout(reason: reason)
        case CURLE_PEER_FAILED_VERIFICATION:
            self = .tls(reason: Self.verification(easy).map { "\($0) (\(reason))" } ?? reason)
        case CURLE_SSL_CACERT_BADFILE: self = .tls(reason: "the certificate authority is not PEM (\(reason))")
        case CURLE_SSL_CERTPROBLEM: self = .tls(reason: "the client certificate or its key is unusable (\(reason))")
        case CURLE_SSL_CONNECT_ERROR where !reason.contains("SYSCALL") && !reason.contains("reset"):
            self = .tls(reason: reason)
        // In TLS 1.3, the server verifies the client's certificate after the handshake.
        case CURLE_RECV_ERROR where reason.contains("alert"): self = .tls(reason: reason)
        default: self = .broken(reason: reason)
        }
    }

    /// The message for a verification error of OpenSSL, X509_STORE_CTX_get_error(3).
    private static func verification(_ easy: UnsafeMutableRawPointer?) -> String? {
        var result = 0
        if let easy { curl_get_long(easy, CURLINFO_SSL_VERIFYRESULT, &result) }
        return switch result {
        case 9: "the server's certificate is not valid yet"
        case 10: "the server's certificate has expired"
        case 2, 18, 19, 20, 21: "the server's certificate is signed by an unknown authority"
        default: nil
        }
    }
}
