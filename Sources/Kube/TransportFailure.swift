/// Why a request has no complete response.
package enum TransportFailure: Error, Sendable, Equatable, CustomStringConvertible {
    /// No connection: name not found, connection refused, no route.
    case connect(reason: String)
    /// The connection was lost, or the server violated HTTP.
    case broken(reason: String)
    case timeout(reason: String)
    /// The certificate of the server or of the client was rejected.
    case tls(reason: String)
    /// The token, certificate or credential plugin of the client cannot be used.
    case credentials(reason: String)
    /// The response exceeds its limit, in bytes.
    case tooLarge(limit: Int)
    /// The response was aborted because all responses in progress together exceeded their limit, in bytes.
    case crowded(limit: Int)
    /// The request was not sent because of a rule of this program.
    case withheld(reason: String, isRetryable: Bool)
    /// The caller was cancelled.
    case cancelled
    /// The transport was shut down.
    case shutDown

    package var isRetryable: Bool {
        switch self {
        case .connect, .broken, .timeout, .crowded: true
        case .withheld(_, let isRetryable): isRetryable
        case .tooLarge, .tls, .credentials, .cancelled, .shutDown: false
        }
    }

    /// Whether the server may have received the request.
    var mayHaveArrived: Bool {
        switch self {
        case .broken, .timeout, .tooLarge, .crowded, .cancelled, .shutDown: true
        case .connect, .tls, .credentials, .withheld: false
        }
    }

    package var description: String {
        switch self {
        case .connect(let reason): "no connection to the API server: \(reason)"
        case .broken(let reason): "the connection to the API server broke: \(reason)"
        case .timeout(let reason): "the API server did not respond in time: \(reason)"
        case .tls(let reason): "no secure connection to the API server: \(reason)"
        case .credentials(let reason): "the credentials cannot be used: \(reason)"
        case .tooLarge(let limit): "the response is larger than \(limit) bytes"
        case .crowded(let limit): "the responses in progress exceeded \(limit) bytes in total"
        case .withheld(let reason, _): reason
        case .cancelled: "it was cancelled"
        case .shutDown: "the connection is shut down"
        }
    }
}
