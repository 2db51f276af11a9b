import Glibc

/// Messages from any thread to the one thread that takes them, which waits for them in poll(2).
package final class Mailbox<Message: Sendable>: Sendable {
    private struct Content {
        var messages: [Message] = []
        var isClosed = false
    }

    private let content = Mutex(Content())
    private let wake: EventFD

    /// - Throws: EMFILE, ENFILE or ENOMEM.
    package init() throws(LinuxError) { wake = try EventFD() }

    /// For poll(2): readable while there are messages, and for good once the mailbox is closed.
    package var descriptor: Int32 { wake.rawValue }

    /// - Returns: false if the mailbox is closed; the message is dropped then.
    @discardableResult
    package func post(_ message: Message) -> Bool {
        content.withLock { content in
            guard !content.isClosed else { return false }
            content.messages.append(message)
            if content.messages.count == 1 { wake.signal() }
            return true
        }
    }

    /// Takes no more messages. Those that were posted before can still be taken.
    package func close() {
        content.withLock { content in
            content.isClosed = true
            wake.signal()
        }
    }

    /// All messages since the last call, the oldest first, and whether the mailbox is closed. Does not wait.
    package func take() -> (messages: [Message], isClosed: Bool) {
        content.withLock { content in
            if !content.messages.isEmpty, !content.isClosed { wake.clear() }
            defer { content.messages = [] }
            return (content.messages, content.isClosed)
        }
    }

    /// As `take`, but waits until there is a message or the mailbox is closed.
    package func wait() -> (messages: [Message], isClosed: Bool) {
        while true {
            let taken = take()
            if taken.isClosed || !taken.messages.isEmpty { return taken }
            var ready = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            poll(&ready, 1, -1)
        }
    }
}
