package import Kube
package import KubeConfig
import KubeCurl
package import Observability
package import Scheduling

/// Sends requests to one cluster: adds credentials, retries requests that may be repeated, and turns failures into
/// errors.
package final class KubeClient: KubeTransport {
    private let transport: CurlTransport
    private let credentials: Credentials
    private let logger: Logger
    private let meter = RequestMeter()
    /// The maximum number of attempts for a request that may be repeated, and the waits between them.
    private let attempts: Int
    private let retry: Backoff

    /// Starts the threads of the transport.
    ///
    /// - Parameter attempts: the maximum number of attempts for a request that may be repeated.
    package init(
        configuration: ClusterConfiguration, logger: Logger, attempts: Int = 4,
        retry: Backoff = Backoff(initial: .milliseconds(200), longest: .seconds(5))
    ) throws(TransportFailure) {
        transport = try CurlTransport()
        credentials = Credentials(configuration)
        self.logger = logger
        self.attempts = attempts
        self.retry = retry
    }

    /// Ends all requests and the threads. Later requests fail with `TransportFailure.shutDown`.
    package func shutdown() { transport.shutdown() }

    package var executor: (any TaskExecutor)? { transport.executor }

    /// The number of connections opened so far, except those of lists and watches.
    package var connections: Int { transport.statistics.connections }

    /// The number of responses over HTTP/2 so far. Lists and watches do not use HTTP/2.
    package var http2Responses: Int { transport.statistics.http2 }

    package var metrics: [Metric] { meter.metrics }

    package func send(_ request: Request) async throws(KubeError) -> Response {
        var failures = 0
        while true {
            do {
                return try await sendAuthorized(request).response
            } catch {
                guard error.isRetryable, !request.isAttemptedOnce, request.isRepeatable || error.isRefusal,
                    failures + 1 < attempts, (error.retryAfter ?? .zero) <= .seconds(30)
                else { throw error }
                failures += 1
                let wait = max(
                    error.retryAfter ?? .zero, retry.delay(failures: failures, jitter: .random(in: 0...1)))
                if let deadline = request.deadline ?? request.startDeadline, deadline < .now + wait { throw error }
                logger.debug(
                    "request failed, retrying",
                    [
                        "operation": .string("\(request.operation)"),
                        // Without the server's message, which only the sender of the request can redact completely.
                        "error": .string("\(KubeError(error.operation, error.kind))"),
                    ])
                do {
                    try await Task.sleep(for: wait)
                } catch _ {
                    throw KubeError(request.operation, .transport(.cancelled))
                }
            }
        }
    }

    /// Sends the request without retries: the state machine of a watch decides when to retry.
    package func stream(_ request: Request) async throws(KubeError) -> any ByteStream {
        guard let stream = try await sendAuthorized(request, isStream: true).stream else {
            throw KubeError(request.operation, .transport(.broken(reason: "the response has no stream")))
        }
        return stream
    }

    /// Sends the request once, and again with new credentials if the server rejects the current ones (401). Both count as
    /// one of `attempts`.
    ///
    /// - Throws: also for a response that is not a success.
    private func sendAuthorized(
        _ request: Request, isStream: Bool = false
    ) async throws(KubeError) -> CurlTransport.Answer {
        var isSecond = false
        while true {
            let endpoint: Endpoint
            let answer: CurlTransport.Answer
            do throws(TransportFailure) {
                endpoint = try await credentials.endpoint()
                answer = try await meter.measuring(request.operation) { () async throws(TransportFailure) in
                    try await transport.send(request, to: endpoint, isStream: isStream)
                }
            } catch {
                throw KubeError(request.operation, .transport(error))
            }
            if answer.response.isSuccess { return answer }
            if answer.response.status == 401 { credentials.refuse(endpoint) }
            guard answer.response.status == 401, !isSecond else {
                throw KubeError(request, response: answer.response)
            }
            isSecond = true
        }
    }
}

extension KubeError {
    /// Whether the server has not processed the request, so that even a write may be sent again.
    fileprivate var isRefusal: Bool {
        switch kind {
        case .tooManyRequests, .transport(.connect): true
        default: false
        }
    }
}
