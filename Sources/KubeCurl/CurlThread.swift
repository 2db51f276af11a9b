import Kube
import LinuxIO

/// A loop of libcurl's, and the thread that it runs on. Ends with its last reference.
final class CurlThread: Sendable {
    let loop: CurlLoop
    private let thread: Mutex<OwnedThread?>

    /// - Parameters:
    ///   - name: as the kernel shows it, 15 bytes at most.
    ///   - sharesConnections: see `CurlLoop`, as is `shortestSilence`.
    init(name: String, sharesConnections: Bool, shortestSilence: Duration) throws(TransportFailure) {
        guard let loop = CurlLoop(sharesConnections: sharesConnections, shortestSilence: shortestSilence) else {
            throw .broken(reason: "libcurl cannot be initialised")
        }
        self.loop = loop
        do {
            // libcurl and TLS keep buffers of some 16 KiB on it.
            thread = Mutex(try OwnedThread(name: name, stackSize: 1 << 20) { loop.run() })
        } catch {
            throw .broken(reason: error.description)
        }
    }

    deinit { end() }

    /// Ends all transfers with `shutDown` and waits, for milliseconds, until the thread is gone.
    func end() {
        loop.stop()
        if let running = thread.withLock({ $0.take() }) { running.join() }
    }
}

extension Request {
    /// A page of a list: what the server may compress.
    var isList: Bool { operation.verb == .list }

    /// A list or a watch: an answer whose size nothing tells; or one that is known to be larger than a buffer can be, so that
    /// it would hold up others on a connection that is shared.
    var isFeed: Bool { isList || operation.verb == .watch || answerSize > CurlOptions.mostRoom }
}
