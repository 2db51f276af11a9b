import Dispatch
import Glibc
import LinuxIO
import MountWatch
import Observability
import TestSupport
import TestTraits
import Testing

@Suite(.tags(.concurrent, .unsafeMemory)) struct WatchLoopTests {
    private let folder: TemporaryDirectory
    private let log = LineRecorder()
    private let looks = Counter()
    private let heartbeat = Heartbeat("watch", limit: .seconds(60))

    init() throws {
        folder = try TemporaryDirectory()
        try makeDirectory(folder("root"))
    }

    private func loop(
        quiet: Duration = .milliseconds(20), longest: Duration = .seconds(1), poll: Duration = .seconds(3600),
        inotify: @escaping DirectoryWatcher.Factory = { () throws(LinuxError) in try Inotify() }
    ) throws -> WatchLoop {
        let loop = WatchLoop(
            path: folder("root"), timing: .init(quiet: quiet, longest: longest, pollInterval: poll),
            logger: log.logger, inotify: inotify, heartbeat: heartbeat,
            readFolder: { [looks] _ in
                looks.add()
                return true
            })
        try loop.start()
        return loop
    }

    @Test func `the loop reads at the start and after a change`() async throws {
        let loop = try loop()
        defer { loop.stop() }
        #expect(await eventually { looks.count == 1 })
        try writeFile(folder("root/a"), "1")
        // More than one if a busy machine takes longer to write the file than the loop's quiet time.
        #expect(await eventually { looks.count >= 2 })
    }

    @Test func `a burst of changes causes one reading`() async throws {
        // Longer than the time between two files on a busy machine.
        let loop = try loop(quiet: .seconds(2))
        defer { loop.stop() }
        #expect(await eventually { looks.count == 1 })
        for number in 0..<50 { try writeFile(folder("root/\(number)"), "1") }
        #expect(await eventually { looks.count == 2 })
    }

    @Test func `endless changes do not prevent readings`() async throws {
        let loop = try loop(quiet: .seconds(3600), longest: .milliseconds(50))
        defer { loop.stop() }
        #expect(await eventually { looks.count == 1 })
        try writeFile(folder("root/a"), "1")
        #expect(await eventually { looks.count >= 2 })
    }

    @Test func `a request causes a reading even without a change`() async throws {
        let loop = try loop()
        defer { loop.stop() }
        #expect(await eventually { looks.count == 1 })
        loop.requestReading()
        #expect(await eventually { looks.count == 2 })
    }

    @Test func `while a change waits for the quiet time, a requested reading waits with it`() async throws {
        // Longer than the time between two files on a busy machine.
        let loop = try loop(quiet: .seconds(5), longest: .seconds(60))
        defer { loop.stop() }
        #expect(await eventually { looks.count == 1 })
        try writeFile(folder("root/a"), "1")
        let before = heartbeat.last
        #expect(await eventually { heartbeat.last > before })
        loop.requestReading()
        try writeFile(folder("root/b"), "1")
        #expect(await eventually { looks.count == 2 })
        let start = heartbeat.last
        loop.requestReading()
        #expect(await eventually { heartbeat.last > start && looks.count == 3 })
    }

    /// Runs a loop whose reader changes the folder during readings; returns the numbers of the readings that were used.
    private func readings(changing isChanging: @escaping @Sendable (Int) -> Bool, until count: Int, longest: Duration)
        async throws -> [Int]
    {
        let taken = Mutex<[Int]>([])
        let file = folder("root/a")
        let loop = WatchLoop(
            path: folder("root"),
            timing: .init(quiet: .milliseconds(20), longest: longest, pollInterval: .seconds(3600)),
            logger: log.logger,
            read: { [looks] _ in
                looks.add()
                let number = looks.count
                if isChanging(number) { try? writeFile(file, "\(number)") }
                return {
                    taken.withLock { $0.append(number) }
                    return true
                }
            })
        try loop.start()
        defer { loop.stop() }
        #expect(await eventually { taken.withLock { $0.count } >= count })
        return taken.withLock { $0 }
    }

    @Test func `a folder that changes during a reading is read again before the result is used`() async throws {
        let taken = try await readings(changing: { $0 <= 2 }, until: 1, longest: .seconds(60))
        #expect(taken == [3])
    }

    @Test func `after the longest wait, a reading is used even if the folder keeps changing`() async throws {
        let taken = try await readings(changing: { _ in true }, until: 2, longest: .milliseconds(100))
        #expect(taken.count >= 2)
        #expect(taken.first ?? 0 > 1)
    }

    @Test func `a root that appears and disappears is read`() async throws {
        removeTree(folder("root"))
        let loop = try loop()
        defer { loop.stop() }
        #expect(await eventually { looks.count == 1 })
        try makeDirectory(folder("root"))
        #expect(await eventually { looks.count >= 2 })
        let before = looks.count
        removeTree(folder("root"))
        #expect(await eventually { looks.count > before })
    }

    @Test func `without inotify, polling alone finds changes, and this is logged once`() async throws {
        let loop = try loop(poll: .milliseconds(20)) { () throws(LinuxError) in
            throw LinuxError("start", "inotify", code: EMFILE)
        }
        defer { loop.stop() }
        #expect(await eventually { looks.count == 1 })
        try writeFile(folder("root/a"), "1")
        #expect(await eventually { looks.count >= 2 })
        let before = looks.count
        try writeFile(folder("root/a"), "22")
        #expect(await eventually { looks.count > before })
        #expect(log.count("falling back to polling") == 1)
        #expect(log.count("max_user_instances") == 1)
    }

    @Test func `inotify is used again when it is available`() async throws {
        let isAvailable = Switch(false)
        let loop = try loop(poll: .milliseconds(20)) { () throws(LinuxError) in
            if !isAvailable.isOn { throw LinuxError("start", "inotify", code: EMFILE) }
            return try Inotify()
        }
        defer { loop.stop() }
        #expect(await eventually { log.count("falling back to polling") == 1 })
        isAvailable.isOn = true
        #expect(await eventually { log.count("available again") == 1 })
        #expect(log.lines.count == 2)
    }

    @Test func `polling without a change causes no reading`() async throws {
        let loop = try loop(poll: .milliseconds(2))
        defer { loop.stop() }
        let start = heartbeat.last
        #expect(await eventually { start.duration(to: heartbeat.last) > .milliseconds(50) })
        #expect(looks.count == 1)
    }

    @Test func `an incomplete reading is repeated at the next poll, even without a change`() async throws {
        let loop = WatchLoop(
            path: folder("root"), timing: .init(quiet: .zero, longest: .zero, pollInterval: .milliseconds(5)),
            logger: log.logger, heartbeat: heartbeat,
            readFolder: { [looks] _ in
                looks.add()
                return looks.count >= 3
            })
        try loop.start()
        defer { loop.stop() }
        #expect(await eventually { looks.count == 3 })
        let start = heartbeat.last
        #expect(await eventually { start.duration(to: heartbeat.last) > .milliseconds(50) })
        #expect(looks.count == 3)
    }

    /// Like git-sync: no event occurs, because the watched directory itself does not change.
    @Test func `a root behind a link that is replaced is watched again after the next poll`() async throws {
        removeTree(folder("root"))
        for name in ["one", "two"] { try makeDirectory(folder(name)) }
        try makeLink(folder("root"), to: "one")
        let descriptor = Mutex<Int32>(-1)
        let loop = try loop(poll: .milliseconds(5)) { () throws(LinuxError) in
            let inotify = try Inotify()
            let number = inotify.rawValue
            descriptor.withLock { $0 = number }
            return inotify
        }
        defer { loop.stop() }
        #expect(await eventually { looks.count == 1 })
        try makeLink(folder("next"), to: "two")
        try rename(folder("next"), to: folder("root"))
        // proc(5), fdinfo: the inodes of the watches.
        let inode = "ino:" + String(try Directory(path: folder("two")).status().identity.inode, radix: 16) + " "
        let info = "/proc/self/fdinfo/\(descriptor.withLock { $0 })"
        #expect(await eventually { readText(info).contains(inode) })
    }

    @Test func `polling reports progress`() async throws {
        let loop = try loop(poll: .milliseconds(5))
        defer { loop.stop() }
        let first = heartbeat.last
        #expect(await eventually { heartbeat.last > first })
    }

    @Test func `while a reading is stuck, as on a hanging file system, the heartbeat stops`() async throws {
        let gate = DispatchSemaphore(value: 0)
        let loop = WatchLoop(
            path: folder("root"), timing: .init(quiet: .zero, longest: .zero, pollInterval: .milliseconds(2)),
            logger: log.logger, heartbeat: heartbeat,
            readFolder: { [looks] _ in
                looks.add()
                if looks.count == 2 { gate.wait() }
                return false
            })
        try loop.start()
        defer { loop.stop() }
        #expect(await eventually { looks.count == 2 })
        let last = heartbeat.last
        #expect(await eventually { heartbeat.age() > .milliseconds(100) })
        #expect(heartbeat.last == last)
        gate.signal()
        #expect(await eventually { heartbeat.last > last })
    }

    @Test func `after the stop there are no more readings`() async throws {
        let loop = try loop(poll: .milliseconds(5))
        #expect(await eventually { looks.count == 1 })
        loop.stop()
        let progress = heartbeat.last
        try writeFile(folder("root/a"), "1")
        loop.requestReading()
        loop.stop()
        #expect(looks.count == 1)
        #expect(heartbeat.last == progress)
    }

    @Test func `a request and a stop before the start have no effect`() async throws {
        let loop = WatchLoop(
            path: folder("root"), timing: .init(quiet: .zero, longest: .zero, pollInterval: .seconds(3600)),
            logger: log.logger,
            readFolder: { [looks] _ in
                looks.add()
                return true
            })
        loop.requestReading()
        try loop.start()
        #expect(await eventually { looks.count == 2 })
        loop.stop()
        let other = WatchLoop(
            path: folder("root"), timing: .init(quiet: .zero, longest: .zero, pollInterval: .seconds(3600)),
            logger: log.logger, readFolder: { _ in true })
        other.stop()
    }

    @Test func `a reading may stop the loop`() async throws {
        let holder = Mutex<WatchLoop?>(nil)
        try await withCheckedThrowingContinuation { (done: CheckedContinuation<Void, any Error>) in
            let loop = WatchLoop(
                path: folder("root"), timing: .init(quiet: .zero, longest: .zero, pollInterval: .seconds(3600)),
                logger: log.logger
            ) { [looks] _ in
                looks.add()
                done.resume()
                return true
            }
            holder.withLock { $0 = loop }
            do { try loop.start() } catch { done.resume(throwing: error) }
        }
        holder.withLock { $0 }?.stop()
        #expect(looks.count == 1)
    }
}

/// The text of a file of /proc.
func readText(_ path: String) -> String {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return "" }
    defer { close(file) }
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = read(file, &bytes, bytes.count)
    return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
}

/// A counter for any thread.
private final class Counter: Sendable {
    private let value = Mutex(0)

    var count: Int { value.withLock { $0 } }
    func add() { value.withLock { $0 += 1 } }
}
