/// Runs an actor's jobs on one dedicated thread, for actors that make blocking calls.
package final class OwnedThreadExecutor: SerialExecutor {
    private typealias Job = (job: UnownedJob, executor: UnownedSerialExecutor)

    private let jobs: Mailbox<Job>

    /// - Throws: EAGAIN if there are too many threads; EMFILE if there are too many open files.
    package init(name: String) throws(LinuxError) {
        let jobs = try Mailbox<Job>()
        self.jobs = jobs
        // Not joined: it ends after the last job, which may release this object.
        _ = try OwnedThread(name: name) {
            var isOver = false
            while !isOver {
                let taken = jobs.wait()
                for (job, executor) in taken.messages { job.runSynchronously(on: executor) }
                isOver = taken.isClosed
            }
        }
    }

    // The actor no longer exists, so there are no more jobs.
    deinit { jobs.close() }

    package func enqueue(_ job: consuming ExecutorJob) {
        jobs.post((UnownedJob(job), asUnownedSerialExecutor()))
    }
}

extension OwnedThread {
    /// Runs blocking work on a new thread and returns its result. Runs it in place if no thread can be created.
    package static func value<Value: Sendable>(name: String, _ body: @escaping @Sendable () -> Value) async -> Value {
        await withCheckedContinuation { continuation in
            do {
                // Not joined: the thread ends right after it resumes the caller.
                _ = try OwnedThread(name: name) { continuation.resume(returning: body()) }
            } catch {
                continuation.resume(returning: body())
            }
        }
    }
}
