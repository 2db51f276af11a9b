import Glibc

/// Runs an actor's work on one thread of our own: for actors whose calls block.
package final class OwnedThreadExecutor: SerialExecutor {
    private let work: Work

    /// - Throws: EAGAIN when there are too many threads.
    package init(name: String) throws(LinuxError) {
        let work = Work()
        self.work = work
        // Not joined: it ends after the last job, which may be the one that lets go of this object.
        _ = try OwnedThread(name: name) { work.run() }
    }

    deinit { work.end() }

    package func enqueue(_ job: consuming ExecutorJob) {
        work.add(UnownedJob(job), self.asUnownedSerialExecutor())
    }

    private final class Work: @unchecked Sendable {
        // Sendable: the jobs are touched with the lock held only. Not `Mutex`: it has no condition to wait for.
        private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
        private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
        private var jobs: [(UnownedJob, UnownedSerialExecutor)] = []
        private var isEnded = false

        init() {
            pthread_mutex_init(lock, nil)
            pthread_cond_init(changed, nil)
        }

        deinit {
            pthread_cond_destroy(changed)
            pthread_mutex_destroy(lock)
            changed.deallocate()
            lock.deallocate()
        }

        func add(_ job: UnownedJob, _ executor: UnownedSerialExecutor) {
            pthread_mutex_lock(lock)
            jobs.append((job, executor))
            pthread_cond_signal(changed)
            pthread_mutex_unlock(lock)
        }

        func end() {
            pthread_mutex_lock(lock)
            isEnded = true
            pthread_cond_signal(changed)
            pthread_mutex_unlock(lock)
        }

        func run() {
            while let batch = next() {
                for (job, executor) in batch { job.runSynchronously(on: executor) }
            }
        }

        /// Nil at the end.
        private func next() -> [(UnownedJob, UnownedSerialExecutor)]? {
            pthread_mutex_lock(lock)
            defer { pthread_mutex_unlock(lock) }
            while jobs.isEmpty && !isEnded { pthread_cond_wait(changed, lock) }
            guard !jobs.isEmpty else { return nil }
            defer { jobs = [] }
            return jobs
        }
    }
}

extension OwnedThread {
    /// Runs blocking work on a thread of its own and returns its result; in place if no thread can be had.
    package static func value<Value: Sendable>(name: String, _ body: @escaping @Sendable () -> Value) async -> Value {
        await withCheckedContinuation { continuation in
            do {
                // Not joined: the thread ends right after it has resumed the caller.
                _ = try OwnedThread(name: name) { continuation.resume(returning: body()) }
            } catch {
                continuation.resume(returning: body())
            }
        }
    }
}
