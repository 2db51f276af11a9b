package import Kube
import LinuxIO

/// HTTP with libcurl. Requests share one HTTP/2 connection, except lists, watches and requests with very large responses
/// (`Request.needsOwnConnection`), which have separate HTTP/1.1 connections. Each of the two groups has its own thread.
///
/// On a shared connection, data for one transfer can be delayed: if another transfer reads the data from the socket and
/// they do not fit into the receive buffer of their transfer, libcurl 7.88 pauses nghttp2 and resumes it only when more
/// data arrive (lib/http2.c, `on_data_chunk_recv`). A list next to a quiet watch then hung until its timeout. Other
/// responses get a buffer that holds them as a whole, as far as their size is known; see `EasyHandle.room`.
package final class CurlTransport: Sendable {
    /// In bytes. While this much is unread in a stream, no more is received.
    static let maximumBacklog = 1 << 20

    private let requests: CurlThread
    private let feeds: CurlThread

    /// - Parameter shortestSilence: see `CurlLoop`.
    package init(shortestSilence: Duration = .seconds(10)) throws(TransportFailure) {
        requests = try CurlThread(name: "curl", sharesConnections: true, shortestSilence: shortestSilence)
        feeds = try CurlThread(name: "curl feeds", sharesConnections: false, shortestSilence: shortestSilence)
    }

    /// Runs tasks on the thread of the shared connection.
    package var executor: any TaskExecutor { requests.loop }

    /// Statistics of the shared connection.
    package var statistics: TransferCounters.Values { requests.loop.statistics }

    /// Statistics of lists and watches.
    var feedStatistics: TransferCounters.Values { feeds.loop.statistics }

    /// Ends all transfers with `shutDown` and waits until the threads have ended, which takes milliseconds.
    package func shutdown() {
        requests.end()
        feeds.end()
    }

    /// A response, and its body as a stream if one was requested.
    package struct Answer: Sendable {
        package let response: Response
        /// The body of a success, if a stream was requested; otherwise nil.
        package let stream: CurlStream?
    }

    /// Sends a request and returns the response, whatever its status. Cancellation during the call ends the transfer.
    ///
    /// - Parameter isStream: whether a success is returned as soon as its headers have arrived, with its body as a
    ///   stream. Any other response is returned with its whole body.
    package func send(
        _ request: Request, to endpoint: Endpoint, isStream: Bool = false
    ) async throws(TransportFailure) -> Answer {
        let loop = request.needsOwnConnection ? feeds.loop : requests.loop
        let buffer = isStream ? ChunkBuffer(limit: Self.maximumBacklog) : nil
        let promise = ResponsePromise()
        let transfer = Transfer(request, to: endpoint, stream: buffer) { promise.resolve($0) }
        let outcome = await withTaskCancellationHandler {
            if !loop.start(transfer) { promise.resolve(.failure(.shutDown)) }
            return await promise.value()
        } onCancel: {
            loop.cancel(transfer)
        }
        let response = try outcome.get()
        guard let buffer, response.isSuccess else { return Answer(response: response, stream: nil) }
        return Answer(response: response, stream: CurlStream(request.operation, transfer, buffer, loop))
    }
}

/// The outcome of a transfer: set once, awaited once, in either order.
final class ResponsePromise: Sendable {
    private enum State {
        case open
        case awaited(CheckedContinuation<Transfer.Outcome, Never>)
        case resolved(Transfer.Outcome)
    }

    private let state = Mutex(State.open)

    /// Sets the outcome. Further calls do nothing.
    func resolve(_ outcome: Transfer.Outcome) {
        let waiter = state.withLock { state -> CheckedContinuation<Transfer.Outcome, Never>? in
            guard case .awaited(let waiter) = state else {
                if case .open = state { state = .resolved(outcome) }
                return nil
            }
            state = .resolved(.failure(.cancelled))
            return waiter
        }
        waiter?.resume(returning: outcome)
    }

    func value() async -> Transfer.Outcome {
        await withCheckedContinuation { continuation in
            let outcome = state.withLock { state -> Transfer.Outcome? in
                if case .resolved(let outcome) = state { return outcome }
                state = .awaited(continuation)
                return nil
            }
            if let outcome { continuation.resume(returning: outcome) }
        }
    }
}
