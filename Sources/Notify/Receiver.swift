package import LinuxIO

/// Who is notified of new content.
package enum Receiver: Sendable, Equatable, CustomStringConvertible {
    /// `NOTIFY_URL`: gets a POST.
    case url(NotificationURL)
    /// `NOTIFY_PROCESS` and `NOTIFY_SIGNAL`: processes of this name get a signal.
    case process(name: String, SignalNumber)

    /// For logs. Of a URL only scheme, host and port, because path and query may hold a token.
    package var description: String {
        switch self {
        case .url(let url): url.server.text()
        case .process(let name, let signal): "\(signal) to process \(name)"
        }
    }
}
