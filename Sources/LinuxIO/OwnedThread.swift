import CLinux
import Glibc

/// A thread of our own, for work that blocks: the cooperative pool must never block.
///
/// It has a small stack and takes no signals: those go to the threads that `Signals` leaves open to them.
/// Has to be joined by its owner; one that is dropped is detached and runs on.
package struct OwnedThread: ~Copyable, Sendable {
    private let thread: pthread_t

    /// - Parameters:
    ///   - name: as `top -H` shows it; the kernel keeps 15 bytes.
    ///   - stackSize: bytes.
    ///   - body: runs once, on the new thread.
    /// - Throws: EAGAIN when there are too many threads.
    package init(
        name: String, stackSize: Int = 512 << 10, body: @escaping @Sendable () -> Void
    ) throws(LinuxError) {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setstacksize(&attributes, stackSize)

        // A new thread inherits its creator's signal mask, so that there is no moment in which it takes one.
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

    /// Waits until the thread has ended. On the thread itself it returns at once: a thread cannot wait for its own end.
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
