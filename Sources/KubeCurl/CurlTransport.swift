package import Kube
import LinuxIO

/// HTTP over libcurl: one HTTP/2 connection for all requests but lists and watches, which have connections of their own,
/// with HTTP/1.1; a thread of our own for each of the two.
///
/// What comes for one transfer can be held back on a connection that others read: where another one reads it, and it does
/// not fit into the receive buffer of its owner, libcurl 7.88 has nghttp2 pause, and tells it to go on only when something
/// else comes (lib/http2.c, `on_data_chunk_recv`). A list beside a quiet watch then hung until its time was over. Other
/// answers get a buffer that holds them, as far as their size is known, see `CurlOptions.room`.
package final class CurlTransport: Sendable {
    /// In bytes: while so much waits for the reader of a stream, no more is received.
    static let maximumBacklog = 1 << 20

    private let requests: CurlThread
    private let feeds: CurlThread

    /// - Parameter shortestSilence: see `CurlLoop`.
    package init(shortestSilence: Duration = .seconds(10)) throws(TransportFailure) {
        requests = try CurlThread(name: "curl", sharesConnections: true, shortestSilence: shortestSilence)
        feeds = try CurlThread(name: "curl feeds", sharesConnections: false, shortestSilence: shortestSilence)
    }

    /// Of the connection that is shared.
    package var statistics: TransferCounters.Values { requests.loop.statistics }

    /// Of lists and watches.
    var feedStatistics: TransferCounters.Values { feeds.loop.statistics }

    /// Ends all transfers with `shutDown` and waits, for milliseconds, until the threads are gone.
    package func shutdown() {
        requests.end()
        feeds.end()
    }

    /// The answer, whatever its status. Cancellation ends the transfer.
    package func send(_ request: Request, to endpoint: Endpoint) async throws(TransportFailure) -> Response {
        try await begin(request) { Transfer(request, to: endpoint, reply: $0) }.response
    }

    /// The head of the answer, and its body as it comes; no stream and the whole body if the status is no success.
    package func stream(
        _ request: Request, to endpoint: Endpoint
    ) async throws(TransportFailure) -> (response: Response, stream: CurlStream?) {
        let buffer = ChunkBuffer(limit: Self.maximumBacklog)
        let (response, transfer) = try await begin(request) {
            Transfer(request, to: endpoint, stream: buffer, reply: $0)
        }
        guard response.isSuccess else { return (response, nil) }
        return (response, CurlStream(request.operation, transfer, buffer, loop(of: request)))
    }

    private func loop(of request: Request) -> CurlLoop { request.isFeed ? feeds.loop : requests.loop }

    private func begin(
        _ request: Request, _ make: (@escaping @Sendable (Transfer.Outcome) -> Void) -> Transfer
    ) async throws(TransportFailure) -> (response: Response, transfer: Transfer) {
        let loop = loop(of: request)
        let promise = ResponsePromise()
        let transfer = make { promise.resolve($0) }
        let outcome = await withTaskCancellationHandler {
            if !loop.start(transfer) { promise.resolve(.failure(.shutDown)) }
            return await promise.value()
        } onCancel: {
            loop.cancel(transfer)
        }
        return (try outcome.get(), transfer)
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

    /// Does nothing the second time.
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
