import Kube
import LinuxIO

/// A `CurlLoop` and its thread. The thread ends with the last reference.
final class CurlThread: Sendable {
    let loop: CurlLoop
    private let thread: Mutex<OwnedThread?>

    /// - Parameters:
    ///   - name: the name of the thread for the kernel, at most 15 bytes.
    ///   - sharesConnections, shortestSilence: see `CurlLoop`.
    init(name: String, sharesConnections: Bool, shortestSilence: Duration) throws(TransportFailure) {
        guard let loop = CurlLoop(sharesConnections: sharesConnections, shortestSilence: shortestSilence) else {
            throw .broken(reason: "libcurl cannot be initialized")
        }
        self.loop = loop
        do {
            // libcurl and TLS have buffers of about 16 KiB on the stack; jobs need more.
            thread = Mutex(try OwnedThread(name: name, stackSize: 2 << 20) { loop.run() })
        } catch {
            throw .broken(reason: error.description)
        }
    }

    deinit { end() }

    /// Ends all transfers with `shutDown` and waits until the thread has ended, which takes milliseconds.
    func end() {
        loop.stop()
        if let running = thread.withLock({ $0.take() }) { running.join() }
    }
}

extension Request {
    /// Whether it is for a page of a list, which the server may compress.
    var isList: Bool { operation.verb == .list }

    /// Whether the response may not fit into the largest receive buffer, so that it could delay others on a shared
    /// connection: a list or a watch, whose size is not known, or a response that is known to be larger.
    var needsOwnConnection: Bool {
        isList || operation.verb == .watch || expectedResponseSize > EasyHandle.maxBufferSize
    }
}
