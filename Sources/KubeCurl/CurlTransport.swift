import Kube
import LinuxIO

/// HTTP over libcurl: one HTTP/2 connection for all requests and watches but lists, which have connections of their own,
/// with HTTP/1.1; a thread of our own for each of the two.
///
/// The end of a large answer can be lost on a connection that others listen on: where the other transfer reads it, and
/// the last bytes do not fit into the receive buffer of its owner, libcurl 7.88 has nghttp2 pause, and tells it to go on
/// only when something else comes (lib/http2.c, `on_data_chunk_recv`). A list beside a quiet watch then hung until its
/// time was over. Other answers get a buffer that holds them.
final class CurlTransport: Sendable {
    /// In bytes: more than this may not wait for the reader of a stream.
    static let maximumBacklog = 32 << 20

    private let shared: CurlThread
    private let lists: CurlThread

    /// - Parameter shortestSilence: see `CurlLoop`.
    init(shortestSilence: Duration = .seconds(10)) throws(TransportFailure) {
        shared = try CurlThread(name: "curl", shortestSilence: shortestSilence)
        lists = try CurlThread(name: "curl lists", shortestSilence: shortestSilence)
    }

    /// Of the connection that is shared.
    var statistics: TransferCounters.Values { shared.loop.statistics }

    /// Ends all transfers with `shutDown` and waits, for milliseconds, until the threads are gone.
    func shutdown() {
        shared.end()
        lists.end()
    }

    /// The answer, whatever its status. Cancellation ends the transfer.
    func send(_ request: Request, to endpoint: Endpoint) async throws(TransportFailure) -> Response {
        try await begin(on: request.isList ? lists.loop : shared.loop) {
            Transfer(request, to: endpoint, reply: $0)
        }.response
    }

    /// The head of the answer, and its body as it comes; no stream and the whole body if the status is no success.
    func stream(
        _ request: Request, to endpoint: Endpoint
    ) async throws(TransportFailure) -> (response: Response, stream: CurlStream?) {
        let buffer = ChunkBuffer(limit: Self.maximumBacklog)
        let (response, transfer) = try await begin(on: shared.loop) {
            Transfer(request, to: endpoint, stream: buffer, reply: $0)
        }
        guard response.isSuccess else { return (response, nil) }
        return (response, CurlStream(request.operation, transfer, buffer, shared.loop))
    }

    private func begin(
        on loop: CurlLoop,
        _ make: (@escaping @Sendable (Transfer.Outcome) -> Void) -> Transfer
    ) async throws(TransportFailure) -> (response: Response, transfer: Transfer) {
        let once = Once()
        let transfer = make { once.resolve($0) }
        let outcome = await withTaskCancellationHandler {
            if !loop.start(transfer) { once.resolve(.failure(.shutDown)) }
            return await once.value()
        } onCancel: {
            loop.cancel(transfer)
        }
        return (try outcome.get(), transfer)
    }
}
