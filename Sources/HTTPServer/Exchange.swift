import LinuxIO
import Synchronization

/// A request that waits for its answer.
package final class Exchange: Sendable {
    /// Path and query as the client sent them: `/?page=2`.
    package let target: String
    private let number: UInt64
    private let replies: Mailbox<Reply>
    private let over = Atomic(false)

    init(target: String, number: UInt64, replies: Mailbox<Reply>) {
        self.target = target
        self.number = number
        self.replies = replies
    }

    /// Nobody waits for the answer any more: it took too long, the client went away or the server has stopped.
    package var isOver: Bool { over.load(ordering: .relaxed) }

    func end() { over.store(true, ordering: .relaxed) }

    /// Answers the request; does nothing once it is over.
    package func reply(_ answer: Answer) { replies.post(Reply(number: number, answer: answer)) }
}

/// The answer to the request of this number.
struct Reply: Sendable {
    let number: UInt64
    let answer: Answer
}
