import Dispatch
import LinuxIO

/// One thread that lives as long as the process, for blocking work and for starting child processes.
///
/// A child that requests a signal at its parent's death gets it when the *thread* that started it ends (prctl(2),
/// PR_SET_PDEATHSIG): so all children are started here.
package final class BlockingThread: Sendable {
    package static let shared = BlockingThread()

    private let work = Mutex<[@Sendable () -> Void]>([])
    private let ready = DispatchSemaphore(value: 0)

    private init() {
        // When the reference is dropped, the thread is detached and keeps running.
        _ = try? OwnedThread(name: "children") { [self] in
            while true {
                ready.wait()
                work.withLock { $0.isEmpty ? nil : $0.removeFirst() }?()
            }
        }
    }

    package func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            work.withLock { $0.append { continuation.resume(with: Result { try body() }) } }
            ready.signal()
        }
    }
}
