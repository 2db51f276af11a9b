/// Why there is no answer at all.
package enum TransportFailure: Error, Sendable, Equatable, CustomStringConvertible {
    /// No connection: name not found, refused, no route.
    case connect(reason: String)
    /// The connection was lost, or the other side does not keep to HTTP.
    case broken(reason: String)
    case timeout(reason: String)
    /// The server's certificate is not accepted, or the server does not accept ours.
    case tls(reason: String)
    /// A token, certificate or credential plugin of ours cannot be used.
    case credentials(reason: String)
    /// The answer is larger than it may be, in bytes.
    case tooLarge(limit: Int)
    /// The answer was given up, because those under way were together larger than they may be, in bytes.
    case crowded(limit: Int)
    /// The request was not sent because of a rule of the program's own.
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

    /// Whether the server may have got the request all the same.
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
        case .timeout(let reason): "the API server did not answer in time: \(reason)"
        case .tls(let reason): "no secure connection to the API server: \(reason)"
        case .credentials(let reason): "the credentials cannot be used: \(reason)"
        case .tooLarge(let limit): "the answer is larger than \(limit) bytes"
        case .crowded(let limit): "the answers under way were together larger than \(limit) bytes"
        case .withheld(let reason, _): reason
        case .cancelled: "it was cancelled"
        case .shutDown: "the connection is shut down"
        }
    }
}
