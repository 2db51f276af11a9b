import CLinux
import Glibc

/// A thread for blocking work, which must not run on the cooperative pool.
///
/// It has a small stack and blocks all signals. Its owner must join it; if the value is dropped, the thread is detached
/// and keeps running.
package struct OwnedThread: ~Copyable, Sendable {
    private let thread: pthread_t

    /// - Parameters:
    ///   - name: the name that `top -H` shows. The kernel keeps 15 bytes.
    ///   - stackSize: in bytes.
    ///   - body: called once on the new thread.
    /// - Throws: EAGAIN if there are too many threads.
    package init(
        name: String, stackSize: Int = 512 << 10, body: @escaping @Sendable () -> Void
    ) throws(LinuxError) {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setstacksize(&attributes, stackSize)

        // A new thread inherits its creator's signal mask, so it never receives a signal.
        var all = sigset_t()
        var before = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_SETMASK, &all, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }

        let start = Unmanaged.passRetained(Start(name: name, body: body))
        var created = pthread_t()
        let code = pthread_create(&created, &attributes, Self.main, start.toOpaque())
        guard code == 0 else {
            start.release()
            throw LinuxError("start the thread", name, code: code)
        }
        thread = created
    }

    deinit { pthread_detach(thread) }

    /// Waits until the thread has ended. Returns at once if it is called on the thread itself, which cannot wait for
    /// its own end.
    package consuming func join() {
        let thread = self.thread
        if pthread_equal(thread, pthread_self()) != 0 {
            _ = consume self
            return
        }
        discard self
        pthread_join(thread, nil)
    }

    private final class Start: Sendable {
        let name: String
        let body: @Sendable () -> Void

        init(name: String, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }
    }

    private static let main: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { argument in
        guard let argument else { return nil }
        let start = Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
        linux_name_thread(start.name)
        start.body()
        return nil
    }
}
