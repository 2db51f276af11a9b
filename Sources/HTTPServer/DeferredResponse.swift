import LinuxIO
import Synchronization

/// A request that is answered later.
package final class DeferredResponse: Sendable {
    /// The path and query as the client sent them, for example `/?page=2`.
    package let target: String
    private let number: UInt64
    private let replies: Mailbox<Reply>
    private let over = Atomic(false)

    init(target: String, number: UInt64, replies: Mailbox<Reply>) {
        self.target = target
        self.number = number
        self.replies = replies
    }

    /// True once no response is needed: it took too long, the client closed the connection, or the server has stopped.
    package var isOver: Bool { over.load(ordering: .relaxed) }

    func end() { over.store(true, ordering: .relaxed) }

    /// Responds to the request. Does nothing if the request is over.
    package func reply(_ answer: HTTPResponse) { replies.post(Reply(number: number, answer: answer)) }
}

/// The response to the request with this number.
struct Reply: Sendable {
    let number: UInt64
    let answer: HTTPResponse
}

/// A request that libmicrohttpd has read, from its request line until it is completed. Only the server's thread uses
/// it, and libmicrohttpd holds the only lasting reference.
final class PendingRequest {
    /// The path and query as the client sent them.
    let target: String
    let number: UInt64
    let connection: OpaquePointer
    /// The response to send when the connection is resumed.
    var answer: HTTPResponse?
    /// The handle of a request that is answered later, and the time when it expires.
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
