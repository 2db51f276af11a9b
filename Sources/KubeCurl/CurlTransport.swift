import Kube
import LinuxIO

/// HTTP over libcurl: one thread of our own, one HTTP/2 connection for all requests and watches.
final class CurlTransport: Sendable {
    /// In bytes: more than this may not wait for the reader of a stream.
    static let maximumBacklog = 32 << 20

    private let loop: CurlLoop
    private let thread: Mutex<OwnedThread?>

    /// - Parameter shortestSilence: see `CurlLoop`.
    init(shortestSilence: Duration = .seconds(10)) throws(TransportFailure) {
        guard let loop = CurlLoop(shortestSilence: shortestSilence) else {
            throw .broken(reason: "libcurl cannot be initialised")
        }
        self.loop = loop
        do {
            // libcurl and TLS keep buffers of some 16 KiB on it.
            thread = Mutex(try OwnedThread(name: "curl", stackSize: 1 << 20) { loop.run() })
        } catch {
            throw .broken(reason: error.description)
        }
    }

    deinit { shutdown() }

    var statistics: TransferCounters.Values { loop.statistics }

    /// Ends all transfers with `shutDown` and waits, for milliseconds, until the thread is gone.
    func shutdown() {
        loop.stop()
        if let running = thread.withLock({ $0.take() }) { running.join() }
    }

    /// The answer, whatever its status. Cancellation ends the transfer.
    func send(_ request: Request, to endpoint: Endpoint) async throws(TransportFailure) -> Response {
        try await begin { Transfer(request, to: endpoint, reply: $0) }.response
    }

    /// The head of the answer, and its body as it comes; no stream and the whole body if the status is no success.
    func stream(
        _ request: Request, to endpoint: Endpoint
    ) async throws(TransportFailure) -> (response: Response, stream: CurlStream?) {
        let buffer = ChunkBuffer(limit: Self.maximumBacklog)
        let (response, transfer) = try await begin { Transfer(request, to: endpoint, stream: buffer, reply: $0) }
        guard response.isSuccess else { return (response, nil) }
        return (response, CurlStream(request.operation, transfer, buffer, loop))
    }

    private func begin(
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
