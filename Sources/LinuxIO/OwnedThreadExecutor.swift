/// Runs an actor's work on one thread of our own: for actors whose calls block.
package final class OwnedThreadExecutor: SerialExecutor {
    private typealias Job = (job: UnownedJob, executor: UnownedSerialExecutor)

    private let jobs: Mailbox<Job>

    /// - Throws: EAGAIN when there are too many threads, EMFILE when there are too many open files.
    package init(name: String) throws(LinuxError) {
        let jobs = try Mailbox<Job>()
        self.jobs = jobs
        // Not joined: it ends after the last job, which may be the one that lets go of this object.
        _ = try OwnedThread(name: name) {
            var isOver = false
            while !isOver {
                let taken = jobs.wait()
                for (job, executor) in taken.messages { job.runSynchronously(on: executor) }
                isOver = taken.isClosed
            }
        }
    }

    // The actor is gone by now: no more jobs come.
    deinit { jobs.close() }

    package func enqueue(_ job: consuming ExecutorJob) {
        jobs.post((UnownedJob(job), asUnownedSerialExecutor()))
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
