import Glibc

/// A queue of messages from any thread to one receiving thread, which can wait for them in poll(2).
package final class Mailbox<Message: Sendable>: Sendable {
    private struct Content {
        var messages: [Message] = []
        var isClosed = false
    }

    private let content = Mutex(Content())
    private let wake: EventFD

    /// - Throws: EMFILE, ENFILE or ENOMEM.
    package init() throws(LinuxError) { wake = try EventFD() }

    /// The descriptor for poll(2): readable while there are messages, and always once the mailbox is closed.
    package var descriptor: Int32 { wake.rawValue }

    /// - Returns: false if the mailbox is closed; the message is then dropped.
    @discardableResult
    package func post(_ message: Message) -> Bool {
        content.withLock { content in
            guard !content.isClosed else { return false }
            content.messages.append(message)
            if content.messages.count == 1 { wake.signal() }
            return true
        }
    }

    /// Closes the mailbox for new messages. Earlier messages can still be taken.
    package func close() {
        content.withLock { content in
            content.isClosed = true
            wake.signal()
        }
    }

    /// Returns all messages since the last call, oldest first, and whether the mailbox is closed. Does not wait.
    package func take() -> (messages: [Message], isClosed: Bool) {
        content.withLock { content in
            if !content.messages.isEmpty, !content.isClosed { wake.clear() }
            defer { content.messages = [] }
            return (content.messages, content.isClosed)
        }
    }

    /// Like `take`, but waits until there is a message or the mailbox is closed.
    package func wait() -> (messages: [Message], isClosed: Bool) {
        while true {
            let taken = take()
            if taken.isClosed || !taken.messages.isEmpty { return taken }
            var ready = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            poll(&ready, 1, -1)
        }
    }
}
