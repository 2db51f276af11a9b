import Glibc
import LinuxIO

/// A thread of our own, for what would block the cooperative pool.
///
/// All signals are blocked on it: they are the main thread's, and a write to a closed connection must not end the
/// program by `SIGPIPE`.
package final class CurlThread: Sendable {
    private enum State {
        case running(pthread_t)
        case joined
    }

    private final class Start {
        let body: @Sendable () -> Void

        init(_ body: @escaping @Sendable () -> Void) {
            self.body = body
        }
    }

    private let state: Mutex<State>

    /// - Throws: when there can be no more threads (pthread_create(3), EAGAIN).
    package init(_ body: @escaping @Sendable () -> Void) throws(ThreadError) {
        var all = sigset_t()
        var before = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_SETMASK, &all, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        var thread = pthread_t()
        let start = Unmanaged.passRetained(Start(body))
        let result = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<Start>.fromOpaque(argument).takeRetainedValue().body()
                return nil
            }, start.toOpaque())
        guard result == 0 else {
            start.release()
            throw ThreadError(code: result)
        }
        state = Mutex(.running(thread))
    }

    /// Waits until the thread's work is done; does nothing the second time.
    package func join() {
        let thread = state.withLock { state -> pthread_t? in
            guard case .running(let thread) = state else { return nil }
            state = .joined
            return thread
        }
        if let thread { pthread_join(thread, nil) }
    }

    deinit {
        if case .running(let thread) = state.withLock({ $0 }) { pthread_detach(thread) }
    }
}

/// pthread_create(3) failed.
package struct ThreadError: Error, CustomStringConvertible {
    let code: Int32
    package var description: String { "cannot start a thread: \(String(cString: strerror(code)))" }
}

extension CurlThread {
    /// Runs blocking work on a thread of its own and returns its result.
    package static func run<Value: Sendable>(
        _ body: @escaping @Sendable () -> Value
    ) async throws(ThreadError) -> Value {
        let result: Result<Value, ThreadError> = await withCheckedContinuation { continuation in
            do throws(ThreadError) {
                // Not joined: the thread ends right after it has resumed the caller.
                _ = try CurlThread { continuation.resume(returning: .success(body())) }
            } catch {
                continuation.resume(returning: .failure(error))
            }
        }
        return try result.get()
    }
}
