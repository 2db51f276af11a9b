import Kube
import KubeCurl

/// Sends notifications to a URL.
struct URLNotifier: Sendable {
    private let url: NotificationURL
    private let transport: CurlTransport

    /// How long a receiver may take to answer.
    private static let timeout: Duration = .seconds(30)

    /// Starts libcurl's threads.
    init(_ url: NotificationURL) throws {
        self.url = url
        transport = try CurlTransport()
    }

    /// - Throws: if the receiver cannot be reached, or if its response is not a success.
    func send(_ notification: Notification) async throws(ProcessNotifier.Failure) {
        var request = Request(
            .post, Operation(.create, resource: "notification"), path: url.target, body: notification.body,
            contentType: "application/json", isRepeatable: true)
        request.accept = "*/*"
        request.timeout = Self.timeout
        request.maximumBody = 1 << 20
        let response: Response
        do throws(TransportFailure) {
            response = try await transport.send(request, to: Endpoint(server: url.server)).response
        } catch {
            throw ProcessNotifier.Failure(description: Self.text(of: error))
        }
        guard response.isSuccess else {
            throw ProcessNotifier.Failure(description: "the receiver responds with status \(response.status)")
        }
    }

    func close() { transport.shutdown() }

    /// The text of the failure names the API server.
    private static func text(of failure: TransportFailure) -> String {
        switch failure {
        case .connect(let reason): "no connection: \(reason)"
        case .broken(let reason): "the connection broke: \(reason)"
        case .timeout(let reason): "no response in time: \(reason)"
        case .tls(let reason): "no secure connection: \(reason)"
        default: failure.description
        }
    }
}
