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
            look: { [looks] _ in
                looks.add()
                return true
            })
        try loop.start()
        return loop
    }

    @Test func `it looks at the start, and after a change`() async throws {
        let loop = try loop()
        defer { loop.stop() }
        #expect(await eventually { looks.count == 1 })
        try writeFile(folder("root/a"), "1")
        // More than one where a busy machine takes longer to write the file than the loop waits for quiet.
        #expect(await eventually { looks.count >= 2 })
    }

    @Test func `a burst of changes is one look`() async throws {
        // Longer than a busy machine takes between two files.
        let loop = try loop(quiet: .seconds(2))
        defer { loop.stop() }
        #expect(await eventually { looks.count == 1 })
        for number in 0..<50 { try writeFile(folder("root/\(number)"), "1") }
        #expect(await eventually { looks.count == 2 })
    }

    @Test func `changes without end are looked at all the same`() async throws {
        let loop = try loop(quiet: .seconds(3600), longest: .milliseconds(50))
        defer { loop.stop() }
        #expect(await eventually { looks.count == 1 })
        try writeFile(folder("root/a"), "1")
        #expect(await eventually { looks.count >= 2 })
    }

    @Test func `it looks when asked to, though nothing changed`() async throws {
        let loop = try loop()
        defer { loop.stop() }
        #expect(await eventually { looks.count == 1 })
        loop.lookNow()
        #expect(await eventually { looks.count == 2 })
    }

    @Test func `while a change waits for quiet, a look that is asked for waits with it`() async throws {
        // Longer than a busy machine takes between two files.
        let loop = try loop(quiet: .seconds(5), longest: .seconds(60))
        defer { loop.stop() }
        #expect(await eventually { looks.count == 1 })
        try writeFile(folder("root/a"), "1")
        let before = heartbeat.last
        #expect(await eventually { heartbeat.last > before })
        loop.lookNow()
        try writeFile(folder("root/b"), "1")
        #expect(await eventually { looks.count == 2 })
        let start = heartbeat.last
        loop.lookNow()
        #expect(await eventually { heartbeat.last > start && looks.count == 3 })
    }

    /// Runs a loop whose reader changes the folder while it reads; returns the numbers of the readings that were taken.
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

    @Test func `what changed while it was read is read again before anybody gets it`() async throws {
        let taken = try await readings(changing: { $0 <= 2 }, until: 1, longest: .seconds(60))
        #expect(taken == [3])
    }

    @Test func `a folder that changes during every reading is taken over once the longest wait is over`() async throws {
        let taken = try await readings(changing: { _ in true }, until: 2, longest: .milliseconds(100))
        #expect(taken.count >= 2)
        #expect(taken.first ?? 0 > 1)
    }

    @Test func `a root that comes later and goes is looked at`() async throws {
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

    @Test func `without inotify polling alone finds changes, and says so once`() async throws {
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

    @Test func `inotify that comes back is used again`() async throws {
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

    @Test func `polling without a change does not look`() async throws {
        let loop = try loop(poll: .milliseconds(2))
        defer { loop.stop() }
        let start = heartbeat.last
        #expect(await eventually { start.duration(to: heartbeat.last) > .milliseconds(50) })
        #expect(looks.count == 1)
    }

    @Test func `a look that did not see all is taken again at the next poll, though nothing changed`() async throws {
        let loop = WatchLoop(
            path: folder("root"), timing: .init(quiet: .zero, longest: .zero, pollInterval: .milliseconds(5)),
            logger: log.logger, heartbeat: heartbeat,
            look: { [looks] _ in
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

    /// As git-sync does; no event tells of it, the directory that is watched stays as it is.
    @Test func `a root behind a link that is exchanged is watched again once a poll has found it`() async throws {
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
        // proc(5), fdinfo: the inodes that are watched.
        let inode = "ino:" + String(try Directory(path: folder("two")).status().identity.inode, radix: 16) + " "
        let info = "/proc/self/fdinfo/\(descriptor.withLock { $0 })"
        #expect(await eventually { readText(info).contains(inode) })
    }

    @Test func `its progress is seen while it polls`() async throws {
        let loop = try loop(poll: .milliseconds(5))
        defer { loop.stop() }
        let first = heartbeat.last
        #expect(await eventually { heartbeat.last > first })
    }

    @Test func `while a look is stuck, as on a file system that hangs, its heart does not beat`() async throws {
        let gate = DispatchSemaphore(value: 0)
        let loop = WatchLoop(
            path: folder("root"), timing: .init(quiet: .zero, longest: .zero, pollInterval: .milliseconds(2)),
            logger: log.logger, heartbeat: heartbeat,
            look: { [looks] _ in
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

    @Test func `after the stop it looks no more`() async throws {
        let loop = try loop(poll: .milliseconds(5))
        #expect(await eventually { looks.count == 1 })
        loop.stop()
        let progress = heartbeat.last
        try writeFile(folder("root/a"), "1")
        loop.lookNow()
        loop.stop()
        #expect(looks.count == 1)
        #expect(heartbeat.last == progress)
    }

    @Test func `a request before the start and a stop before it do no harm`() async throws {
        let loop = WatchLoop(
            path: folder("root"), timing: .init(quiet: .zero, longest: .zero, pollInterval: .seconds(3600)),
            logger: log.logger,
            look: { [looks] _ in
                looks.add()
                return true
            })
        loop.lookNow()
        try loop.start()
        #expect(await eventually { looks.count == 2 })
        loop.stop()
        let other = WatchLoop(
            path: folder("root"), timing: .init(quiet: .zero, longest: .zero, pollInterval: .seconds(3600)),
            logger: log.logger, look: { _ in true })
        other.stop()
    }

    @Test func `a look may stop the loop`() async throws {
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

/// Counts from any thread.
private final class Counter: Sendable {
    private let value = Mutex(0)

    var count: Int { value.withLock { $0 } }
    func add() { value.withLock { $0 += 1 } }
}
