import Glibc
import LinuxIO
import MountWatch
import Observability
import TestSupport
import TestTraits
import Testing

@Suite(.tags(.concurrent, .unsafeMemory)) struct MountTests {
    private let folder: TemporaryDirectory
    private let log = LineRecorder()
    private let heartbeat = Heartbeat("mount", limit: .seconds(60))

    init() throws { folder = try TemporaryDirectory() }

    /// A started mount and its readings; it is stopped when the object is released.
    private func watch(poll: Duration = .seconds(3600)) throws -> MountReader {
        let mount = MountWatcher(
            path: folder("mount"),
            timing: .init(quiet: .milliseconds(20), longest: .seconds(1), pollInterval: poll), logger: log.logger,
            heartbeat: heartbeat)
        let watched = MountReader(mount)
        try mount.start()
        return watched
    }

    @Test func `the first reading is immediate, and each rotation causes another one`() async throws {
        let volume = try AtomicVolume(folder("mount"))
        try volume.write(["a": "1", "b": "1"])
        let watched = try watch()
        #expect(await eventually { watched.last?.texts == ["a": "1", "b": "1"] })
        try volume.write(["a": "2", "b": "1"])
        #expect(await eventually { watched.last?.texts == ["a": "2", "b": "1"] })
        #expect(watched.count == 2)
        #expect(log.count("mount changed") == 1)
        #expect(log.count("changed=1") == 1)
    }

    /// Like an attacker that can request readings of the mount at any time.
    @Test
    func `a plain folder that is written file by file is never read in between, however many readings are requested`()
        async throws
    {
        try makeDirectory(folder("mount"))
        for name in ["user", "password"] { try writeFile(folder("mount/\(name)"), "0") }
        let quiet = Duration.seconds(1)
        let mount = MountWatcher(
            path: folder("mount"),
            timing: .init(quiet: quiet, longest: .seconds(60), pollInterval: .seconds(3600)), logger: log.logger)
        try mount.start()
        defer { mount.stop() }
        let asking = Task {
            while !Task.isCancelled {
                mount.requestReading()
                // The attacker's interval; nothing waits for it.
                try? await Task.sleep(for: .milliseconds(2))
            }
        }
        defer { asking.cancel() }
        var rounds = 0
        // A busy machine may need longer between the files than the mount waits.
        var isPrompt = true
        for await reading in mount.readings {
            let texts = reading.texts ?? [:]
            if isPrompt {
                #expect(texts["user"] == texts["password"])
                rounds += 1
            }
            if rounds == 4 { break }
            let start = ContinuousClock.now
            try writeFile(folder("mount/user"), "\(start)")
            // The pause of the writer, while the folder holds half of the rotation.
            try await Task.sleep(for: .milliseconds(100))
            try writeFile(folder("mount/password"), "\(start)")
            isPrompt = start.duration(to: .now) < quiet / 2
        }
        #expect(rounds == 4)
    }

    @Test func `a new generation with the same content is reported`() async throws {
        let volume = try AtomicVolume(folder("mount"))
        try volume.write(["a": "1"])
        let watched = try watch()
        #expect(await eventually { watched.count == 1 })
        let name = try volume.write(["a": "1"])
        #expect(await eventually { watched.last?.snapshot?.generation == name })
    }

    @Test func `a reading without a difference is not reported`() async throws {
        try AtomicVolume(folder("mount")).write(["a": "1"])
        let watched = try watch()
        #expect(await eventually { watched.count == 1 })
        let before = heartbeat.last
        watched.mount.requestReading()
        #expect(await eventually { heartbeat.last > before })
        // Stopping waits for the reading.
        watched.mount.stop()
        #expect(await eventually { watched.isFinished })
        #expect(watched.count == 1)
    }

    @Test func `a mount that never had a generation does not claim to keep one`() async throws {
        let watched = try watch()
        #expect(await eventually { watched.last != nil })
        #expect(log.count("mount has no generation") == 1)
        #expect(log.count("the last one is kept") == 0)
    }

    @Test func `a mount that disappears and returns is absent meanwhile, which is logged once`() async throws {
        let volume = try AtomicVolume(folder("mount"))
        try volume.write(["a": "1"])
        let watched = try watch()
        #expect(await eventually { watched.last?.snapshot != nil })
        volume.tearDown()
        #expect(await eventually { watched.last?.absence != nil })
        try AtomicVolume(folder("mount"), firstNumber: 10).write(["a": "2"])
        #expect(await eventually { watched.last?.texts == ["a": "2"] })
        #expect(log.count("WARNING") == 1)
    }

    @Test func `a volume in a folder that disappears and returns is absent alone, which is logged once`() async throws {
        let volume = try AtomicVolume(folder("mount/azure"))
        try volume.write(["a": "1"])
        try writeFile(folder("mount/plain"), "1")
        let watched = try watch()
        #expect(await eventually { watched.last?.texts == ["azure/a": "1", "plain": "1"] })
        volume.tearDown()
        #expect(await eventually { watched.last?.snapshot?.volumes["azure"]?.absence != nil })
        try writeFile(folder("mount/plain"), "2")
        #expect(await eventually { watched.last?.texts == ["azure/a": "1", "plain": "2"] })
        #expect(watched.last?.snapshot?.volumes["azure"]?.absence != nil)
        #expect(log.count("WARNING") == 1)
        try AtomicVolume(folder("mount/azure"), firstNumber: 10).write(["a": "2"])
        #expect(await eventually { watched.last?.texts == ["azure/a": "2", "plain": "2"] })
    }

    @Test(.enabled(if: geteuid() != 0, "root can read all files"))
    func `a file whose mode is set after the swap is read at once`() async throws {
        let volume = try AtomicVolume(folder("mount"))
        try volume.write(["a": "1"])
        let watched = try watch()
        #expect(await eventually { watched.last?.texts == ["a": "1"] })
        let next = try volume.writeGeneration(["a": Array("2".utf8)])
        chmod(folder("mount/\(next)/a"), 0)
        try volume.swap(to: next)
        #expect(await eventually { watched.last?.snapshot?.files["a"]?.error != nil })
        chmod(folder("mount/\(next)/a"), 0o644)
        #expect(await eventually { watched.last?.texts == ["a": "2"] })
    }

    @Test func `a missing mount is read when it appears`() async throws {
        let watched = try watch()
        #expect(await eventually { watched.last?.absence != nil })
        try AtomicVolume(folder("mount")).write(["a": "1"])
        #expect(await eventually { watched.last?.texts == ["a": "1"] })
    }

    @Test func `changes of a plain folder are read, also in new subfolders`() async throws {
        try makeDirectory(folder("mount"))
        try writeFile(folder("mount/a"), "1")
        let watched = try watch()
        #expect(await eventually { watched.last?.texts == ["a": "1"] })
        try writeFile(folder("mount/a"), "2")
        #expect(await eventually { watched.last?.texts == ["a": "2"] })
        try makeDirectory(folder("mount/one/two"))
        try writeFile(folder("mount/one/two/b"), "3")
        #expect(await eventually { watched.last?.texts == ["a": "2", "one/two/b": "3"] })
        try writeFile(folder("new"), "4")
        try rename(folder("new"), to: folder("mount/one/two/b"))
        #expect(await eventually { watched.last?.texts == ["a": "2", "one/two/b": "4"] })
        removeTree(folder("mount/one"))
        #expect(await eventually { watched.last?.texts == ["a": "2"] })
    }

    @Test func `no secret is logged`() async throws {
        let volume = try AtomicVolume(folder("mount"))
        try volume.write(["name": "hunter2"])
        let watched = try watch()
        #expect(await eventually { watched.count == 1 })
        try volume.write(["name": "hunter3"])
        #expect(await eventually { watched.last?.texts == ["name": "hunter3"] })
        #expect(log.count("hunter") == 0)
        #expect(watched.last.map { "\($0)" }?.contains("hunter") == false)
    }

    @Test(.enabled(if: Privileges.mayMount, "needs CAP_SYS_ADMIN"))
    func `a file that is mounted by subPath causes a warning`() async throws {
        try makeDirectory(folder("mount"))
        try writeFile(folder("source"), "1")
        try writeFile(folder("mount/a"), "")
        try writeFile(folder("mount/b"), "")
        let namespace = try await mounted("source", at: "mount/a")
        defer { namespace.end() }
        var reader = SnapshotReader(path: "/proc/\(namespace.id)/root\(folder("mount"))")
        #expect(reader.read().texts == ["a": "1", "b": ""])
        #expect(reader.remarks.subPathMounts == ["a"])
    }

    @Test(.enabled(if: Privileges.mayMount, "needs CAP_SYS_ADMIN"))
    func `a folder that is mounted in a volume, and is written file by file, is a volume without generations`()
        async throws
    {
        let volume = try AtomicVolume(folder("mount"))
        try volume.write(["own": "1"])
        for name in ["mount/certs", "mount/certs/aws", "source", "source/sub"] { try makeDirectory(folder(name)) }
        try writeFile(folder("mount/certs/stray"), "x")
        try writeFile(folder("source/pw"), "1")
        try writeFile(folder("source/sub/ca"), "2")
        let namespace = try await mounted("source", at: "mount/certs/aws")
        defer { namespace.end() }
        var reader = SnapshotReader(path: "/proc/\(namespace.id)/root\(folder("mount"))")
        let first = try #require(reader.read().snapshot)
        #expect(first.texts == ["own": "1", "certs/aws/pw": "1", "certs/aws/sub/ca": "2"])
        #expect(first.volumes["certs/aws"]?.isAtomic == false)
        #expect(first.volumes[""]?.isAtomic == true)
        try writeFile(folder("source/pw"), "2")
        unlink(folder("source/sub/ca"))
        let second = try #require(reader.read(previous: first).snapshot)
        #expect(second.texts == ["own": "1", "certs/aws/pw": "2"])
        // Unmounted, its files stay.
        reader = SnapshotReader(path: folder("mount"))
        let third = try #require(reader.read(previous: second).snapshot)
        #expect(third.texts == second.texts)
        #expect(third.volumes["certs/aws"]?.absence?.contains("is empty or gone") == true)
    }

    @Test(.enabled(if: Privileges.mayMount, "needs CAP_SYS_ADMIN"))
    func `a folder that is mounted in a volume may have no files of its own, only volumes and empty folders`()
        async throws
    {
        try AtomicVolume(folder("mount")).write(["own": "1"])
        try makeDirectory(folder("mount/certs"))
        try makeDirectory(folder("source/later"))
        let name = try AtomicVolume(folder("source/azure"), firstNumber: 10).write(["pw": "1"])
        let namespace = try await mounted("source", at: "mount/certs")
        defer { namespace.end() }
        var reader = SnapshotReader(path: "/proc/\(namespace.id)/root\(folder("mount"))")
        let first = try #require(reader.read().snapshot)
        #expect(first.texts == ["own": "1", "certs/azure/pw": "1"])
        #expect(first.files.count == 2)
        #expect(first.volumes["certs/azure"]?.generation == name)
        #expect(first.volumes["certs"] == nil)
        #expect(first.emptyFolders == ["certs/later"])
        // With files, it is a volume, which keeps them.
        try writeFile(folder("source/ca"), "1")
        try writeFile(folder("source/later/pw"), "1")
        let second = try #require(reader.read(previous: first).snapshot)
        #expect(second.texts == ["own": "1", "certs/azure/pw": "1", "certs/ca": "1", "certs/later/pw": "1"])
        #expect(second.emptyFolders.isEmpty)
        unlink(folder("source/later/pw"))
        let third = try #require(reader.read(previous: second).snapshot)
        #expect(third.texts == ["own": "1", "certs/azure/pw": "1", "certs/ca": "1"])
        #expect(third.emptyFolders.isEmpty)
        unlink(folder("source/ca"))
        let fourth = try #require(reader.read(previous: third).snapshot)
        #expect(fourth.texts == third.texts)
        #expect(fourth.volumes["certs"]?.absence?.contains("is empty") == true)
    }

    @Test(.enabled(if: Privileges.mayMount, "needs CAP_SYS_ADMIN"))
    func `a folder that is mounted in a volume, and is too large, is absent alone`() async throws {
        try AtomicVolume(folder("mount")).write(["own": "1"])
        for name in ["mount/cache", "source"] { try makeDirectory(folder(name)) }
        try writeFile(folder("source/a"), "1")
        let namespace = try await mounted("source", at: "mount/cache")
        defer { namespace.end() }
        var reader = SnapshotReader(path: "/proc/\(namespace.id)/root\(folder("mount"))")
        let first = try #require(reader.read().snapshot)
        #expect(first.texts == ["own": "1", "cache/a": "1"])
        let megabyte = [UInt8](repeating: 7, count: 1 << 20)
        for number in 0..<33 { try writeFile(folder("source/\(number)"), megabyte) }
        let second = try #require(reader.read(previous: first).snapshot)
        #expect(second.texts == first.texts)
        #expect(second.volumes["cache"]?.absence?.contains("holds more than 33554432 bytes") == true)
    }

    /// A process in a mount namespace of its own, which /proc shows, with `source` mounted there.
    private func mounted(_ source: String, at place: String) async throws -> Child {
        let namespace = try Child(
            "/usr/bin/unshare", "-m", "/bin/sh", "-c",
            "mount --bind '\(folder(source))' '\(folder(place))' && : > '\(folder("ready"))'; read line")
        _ = await eventually { access(folder("ready"), F_OK) == 0 || namespace.hasEnded }
        let isMounted = access(folder("ready"), F_OK) == 0
        if !isMounted { namespace.end() }
        try #require(isMounted)
        return namespace
    }
}

/// A mount and its readings so far.
private final class MountReader: Sendable {
    let mount: MountWatcher
    private let seen = Mutex<(readings: [MountReading], isFinished: Bool)>(([], false))
    private let reader = Mutex<Task<Void, Never>?>(nil)

    init(_ mount: MountWatcher) {
        self.mount = mount
        let task = Task { [weak self, readings = mount.readings] in
            for await reading in readings { self?.seen.withLock { $0.readings.append(reading) } }
            self?.seen.withLock { $0.isFinished = true }
        }
        reader.withLock { $0 = task }
    }

    deinit {
        mount.stop()
        reader.withLock { $0 }?.cancel()
    }

    var last: MountReading? { seen.withLock { $0.readings.last } }
    var count: Int { seen.withLock { $0.readings.count } }
    var isFinished: Bool { seen.withLock { $0.isFinished } }
}

/// A program that runs until its standard input ends.
private struct Child {
    let id: pid_t
    private let input: Int32

    init(_ arguments: String...) throws {
        var ends: [Int32] = [-1, -1]
        try require("pipe", "", pipe(&ends))
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, ends[0], 0)
        var id = pid_t()
        var words = arguments.map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        let code = posix_spawn(&id, arguments[0], &actions, nil, &words, environ)
        close(ends[0])
        input = ends[1]
        self.id = id
        try #require(code == 0)
    }

    var hasEnded: Bool {
        var info = siginfo_t()
        info.si_signo = 0
        return waitid(P_PID, id_t(id), &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_signo != 0
    }

    func end() {
        close(input)
        var status: Int32 = 0
        waitpid(id, &status, 0)
    }
}
