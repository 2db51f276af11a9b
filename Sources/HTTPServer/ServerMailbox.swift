import LinuxIO

/// What others tell the server's thread.
final class ServerMailbox: Sendable {
    struct Content {
        var replies: [(number: UInt64, answer: Answer)] = []
        var isStopping = false
    }

    private let content = Mutex(Content())
    private let wakeUp: WakeUp

    init() throws(LinuxError) { wakeUp = try WakeUp() }

    /// For poll(2): readable when there is something to take.
    var descriptor: Int32 { wakeUp.rawValue }

    func reply(_ answer: Answer, to number: UInt64) {
        content.withLock { content in
            // Nobody takes it any more.
            if !content.isStopping { content.replies.append((number, answer)) }
        }
        wakeUp.signal()
    }

    func stop() {
        content.withLock { $0.isStopping = true }
        wakeUp.signal()
    }

    func take() -> Content {
        wakeUp.clear()
        return content.withLock { content in
            defer { content.replies = [] }
            return content
        }
    }
}
