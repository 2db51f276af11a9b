import LinuxIO
import Synchronization

/// A request that waits for its answer.
package final class DeferredResponse: Sendable {
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
    package func reply(_ answer: HTTPResponse) { replies.post(Reply(number: number, answer: answer)) }
}

/// The answer to the request of this number.
struct Reply: Sendable {
    let number: UInt64
    let answer: HTTPResponse
}

/// A request that libmicrohttpd has read, from its first line until it is completed. Belongs to the server's thread;
/// libmicrohttpd keeps the one lasting reference.
final class PendingRequest {
    /// Path and query as the client sent them.
    let target: String
    let number: UInt64
    let connection: OpaquePointer
    /// What to answer when the connection is resumed.
    var answer: HTTPResponse?
    /// Whoever is to answer later, and until when.
    var deferred: DeferredResponse?
    var end = ContinuousClock.now

    init(target: String, number: UInt64, connection: OpaquePointer) {
        self.target = target
        self.number = number
        self.connection = connection
    }

    static func of(_ pointer: UnsafeMutableRawPointer?) -> PendingRequest? {
        pointer.map { Unmanaged<PendingRequest>.fromOpaque($0).takeUnretainedValue() }
    }
}
