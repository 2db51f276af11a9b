import Dispatch
import Glibc
import LinuxIO
import TestSupport
import TestTraits
import Testing

@Suite(.tags(.concurrent, .unsafeMemory)) struct ThreadTests {
    @Test func `a thread has run when it is joined`() throws {
        let hasRun = Switch(false)
        let gate = DispatchSemaphore(value: 0)
        let thread = try OwnedThread(name: "test") {
            gate.wait()
            hasRun.isOn = true
        }
        gate.signal()
        thread.join()
        #expect(hasRun.isOn)
    }

    @Test func `a thread has its name and gets no signals; its creator still does`() throws {
        let seen = Mutex<(name: String, isBlocked: Bool)>(("", false))
        let before = isBlocked(SIGTERM)
        try OwnedThread(name: "a name that is too long") {
            let file = FileDescriptor(owning: open("/proc/thread-self/comm", O_RDONLY))
            var text = [UInt8](repeating: 0, count: 32)
            let count = (try? text.withUnsafeMutableBytes { try file.read(into: $0) }) ?? 0
            seen.withLock { $0 = (String(decoding: text[..<count], as: UTF8.self), isBlocked(SIGTERM)) }
        }.join()
        #expect(seen.withLock { $0.name } == "a name that is \n")
        #expect(seen.withLock { $0.isBlocked })
        #expect(isBlocked(SIGTERM) == before)
    }

    @Test func `a wake-up is readable until it is cleared, however often it was sent`() throws {
        let wake = try EventFD()
        #expect(!isReadable(wake.rawValue))
        wake.signal()
        wake.signal()
        #expect(isReadable(wake.rawValue))
        wake.clear()
        #expect(!isReadable(wake.rawValue))
        wake.clear()
    }

    @Test func `a mailbox delivers messages in order, and is readable while it has some`() throws {
        let mailbox = try Mailbox<Int>()
        #expect(!isReadable(mailbox.descriptor))
        for number in 1...3 { #expect(mailbox.post(number)) }
        #expect(isReadable(mailbox.descriptor))
        #expect(mailbox.take().messages == [1, 2, 3] && mailbox.take().messages == [])
        #expect(!isReadable(mailbox.descriptor))
        mailbox.post(4)
        #expect(isReadable(mailbox.descriptor))
    }

    @Test func `a closed mailbox accepts no more messages, keeps the present ones, and stays readable`() throws {
        let mailbox = try Mailbox<Int>()
        mailbox.post(1)
        mailbox.close()
        #expect(!mailbox.post(2))
        #expect(mailbox.wait() == ([1], true) && mailbox.wait() == ([], true))
        #expect(isReadable(mailbox.descriptor))
    }

    @Test func `a message and a close wake another thread`() throws {
        let mailbox = try Mailbox<Int>()
        let seen = Mutex<[Int]>([])
        let thread = try OwnedThread(name: "waiter") {
            var isOver = false
            while !isOver {
                let taken = mailbox.wait()
                seen.withLock { $0 += taken.messages }
                isOver = taken.isClosed
            }
        }
        for number in 1...100 { mailbox.post(number) }
        mailbox.close()
        thread.join()
        #expect(seen.withLock { $0 } == Array(1...100))
    }
}

/// Signals belong to the whole process, so the tests run one after another.
@Suite(.tags(.concurrent, .unsafeMemory), .serialized) struct SignalsTests {
    @Test func `signals of the process reach the handler, one at a time`() async throws {
        let seen = Mutex<[Int32]>([])
        let signals = try Signals([SIGUSR1, SIGUSR2]) { number in seen.withLock { $0.append(number) } }
        for number in [SIGUSR1, SIGUSR2, SIGUSR1] {
            let before = seen.withLock { $0.count }
            kill(getpid(), number)
            #expect(await eventually { seen.withLock { $0.count } == before + 1 })
        }
        #expect(seen.withLock { $0 } == [SIGUSR1, SIGUSR2, SIGUSR1])
        signals.stop()
    }

    @Test func `a broken pipe is an error, and does not end the process`() throws {
        let signals = try Signals([SIGUSR1]) { _ in }
        defer { signals.stop() }
        var ends: [Int32] = [-1, -1]
        try require("pipe", "", pipe(&ends))
        let writer = FileDescriptor(owning: ends[1])
        close(ends[0])
        let text = "x"
        #expect(throws: LinuxError.self) {
            try Array(text.utf8).withUnsafeBytes { bytes in try writer.write(all: bytes) }
        }
    }
}

private func isBlocked(_ number: Int32) -> Bool {
    var mask = sigset_t()
    pthread_sigmask(SIG_BLOCK, nil, &mask)
    return sigismember(&mask, number) == 1
}

private func isReadable(_ descriptor: Int32) -> Bool {
    var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return poll(&waiting, 1, 0) == 1
}
