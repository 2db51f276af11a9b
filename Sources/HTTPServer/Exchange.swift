import Synchronization

/// A request that waits for its answer.
package final class Exchange: Sendable {
    /// Path and query as the client sent them: `/?page=2`.
    package let target: String
    private let number: UInt64
    private let mailbox: ServerMailbox
    private let over = Atomic(false)

    init(target: String, number: UInt64, mailbox: ServerMailbox) {
        self.target = target
        self.number = number
        self.mailbox = mailbox
    }

    /// Nobody waits for the answer any more: it took too long, the client went away or the server has stopped.
    package var isOver: Bool { over.load(ordering: .relaxed) }

    func end() { over.store(true, ordering: .relaxed) }

    /// Answers the request; does nothing once it is over.
    package func reply(_ answer: Answer) { mailbox.reply(answer, to: number) }
}
