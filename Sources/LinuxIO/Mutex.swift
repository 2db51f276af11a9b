import Glibc

/// A value that one thread at a time may touch.
///
/// Used like `Synchronization.Mutex`, but over pthread_mutex_lock(3): the slow path of the standard library's is not
/// built for the thread sanitizer, which then reports a race at each contended lock and hides the real ones.
package struct Mutex<Value: ~Copyable>: ~Copyable {
    // On the heap: a mutex must not move, nor be copied, once it is used.
    private let lock: UnsafeMutablePointer<pthread_mutex_t>
    private let value: UnsafeMutablePointer<Value>

    package init(_ initial: consuming sending Value) {
        lock = .allocate(capacity: 1)
        lock.initialize(to: pthread_mutex_t())
        pthread_mutex_init(lock, nil)
        value = .allocate(capacity: 1)
        value.initialize(to: initial)
    }

    deinit {
        pthread_mutex_destroy(lock)
        lock.deallocate()
        value.deinitialize(count: 1)
        value.deallocate()
    }

    /// Lends the value to `body` while no one else has it. Not to be called again from within.
    package borrowing func withLock<Result: ~Copyable, Failure: Error>(
        _ body: (inout sending Value) throws(Failure) -> sending Result
    ) throws(Failure) -> sending Result {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        return try body(&value.pointee)
    }
}

// Sendable: the value is reached with the lock held only.
extension Mutex: @unchecked Sendable where Value: ~Copyable {}
