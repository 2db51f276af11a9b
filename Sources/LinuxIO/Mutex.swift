import Glibc

/// A value that only one thread at a time can access.
///
/// It has the interface of `Synchronization.Mutex`, but uses pthread_mutex_lock(3). The slow path of the standard
/// library's mutex is not built for the thread sanitizer, which then reports a race at each contended lock and hides
/// real races.
package struct Mutex<Value: ~Copyable>: ~Copyable {
    // On the heap, because a mutex must not be moved or copied once it is in use.
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

    /// Calls `body` with exclusive access to the value. Not recursive.
    package borrowing func withLock<Result: ~Copyable, Failure: Error>(
        _ body: (inout sending Value) throws(Failure) -> sending Result
    ) throws(Failure) -> sending Result {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        return try body(&value.pointee)
    }
}

// Sendable: the value is accessed only while the lock is held.
extension Mutex: @unchecked Sendable where Value: ~Copyable {}
