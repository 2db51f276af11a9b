import Glibc
import TestSupport
import Testing

/// The whole program in local mode when kernel limits are reached.
@Suite("At the limits of the kernel")
struct KernelLimitTests {
    /// This test does not poll: the agent notices changes by events, or because it reads everything after events were
    /// lost.
    @Test("after lost events, everything is read and new folders are watched")
    func eventQueue() async throws {
        let world = try LocalWorld()
        try makeDirectory(world.mount)
        try world.distribute("late", "password", "?sub/user")
        try writeFile(world.mount + "/password", "one")
        let program = try await world.start(poll: "24h")
        await world.expect("late", ["password": "one"], program)

        program.signal(SIGSTOP)
        // More events than fs.inotify.max_queued_events, two for each rename. No event reports the change that follows.
        try writeFile(world.mount + "/flood-0", "")
        let limit = Int(Files.text("/proc/sys/fs/inotify/max_queued_events").filter(\.isNumber)) ?? 16_384
        for number in 0..<(limit / 2 + 100) {
            try rename("\(world.mount)/flood-\(number)", to: "\(world.mount)/flood-\(number + 1)")
        }
        try makeDirectory(world.mount + "/sub")
        try writeFile(world.mount + "/sub/user", "me")
        try writeFile(world.mount + "/password", "two")
        program.signal(SIGCONT)
        await world.expect("late", ["password": "two", "user": "me"], program)
        try writeFile(world.mount + "/sub/user", "you")
        await world.expect("late", ["password": "two", "user": "you"], program)
        await program.stop()
    }

    /// In a separate user namespace, which has its own limits in /proc/sys/user (user_namespaces(7)).
    @Test(
        "without inotify watches polling continues, which is logged once, and events are used again when possible",
        .enabled(if: Privileges.mayMount, "needs CAP_SYS_ADMIN"),
        arguments: ["max_inotify_instances", "max_inotify_watches"])
    func inotify(limit: String) async throws {
        let world = try LocalWorld()
        try world.distribute("one", "a")
        let volume = try AtomicVolume(world.mount)
        try volume.write(["a": "1"])
        let file = "/proc/sys/user/\(limit)"
        let program = try await world.start(wrapper: [
            "unshare", "--user", "--map-root-user", "sh", "-c", "echo 0 >\(file) && exec \"$@\"", "sh",
        ])
        await world.expect("one", ["a": "1"], program)
        let message =
            "\"message\":\"file events are not available, falling back to polling\",\"path\":\"\(world.mount)\""
        await world.expectLog(message, program)
        for number in 2...5 {
            try volume.write(["a": "\(number)"])
            await world.expect("one", ["a": "\(number)"], program)
        }
        #expect(program.logged(message) == 1)

        try await Command.run(["nsenter", "--user", "--target", "\(program.process)", "sh", "-c", "echo 100 >\(file)"])
        await world.expectLog("file events are available again\",\"path\":\"\(world.mount)\"", program)
        try volume.write(["a": "6"])
        await world.expect("one", ["a": "6"], program)
        await program.stop()
    }

    @Test("without free descriptors the agent waits without a busy loop; rotation and probe succeed when there are")
    func descriptors() async throws {
        let world = try LocalWorld()
        try world.distribute("one", "a")
        let volume = try AtomicVolume(world.mount)
        try volume.write(["a": "1"])
        let port = LoopbackPort.reserve()
        let program = try await world.start(["LISTEN_ADDRESS": "127.0.0.1:\(port)"])
        await world.expect("one", ["a": "1"], program)
        func limit(_ count: Int) async throws {
            try await Command.run(["prlimit", "--pid", "\(program.process)", "--nofile=\(count):"])
        }
        try await limit(3)
        let before = program.ticks
        try volume.write(["a": "2"])
        // The kernel accepts the connection, but the program cannot take it.
        let probe = RawClient(port: port)
        probe.send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
        await world.expectLog("Too many open files", program)
        try await Task.sleep(for: .seconds(2))
        // A busy loop uses 200 ticks.
        #expect(program.ticks - before < 60)
        #expect(world.secret("one") == ["a": "1"])
        try await limit(1024)
        #expect(await probe.received()?.hasPrefix("HTTP/1.1 200") == true)
        await world.expect("one", ["a": "2"], program)
        try volume.write(["a": "3"])
        await world.expect("one", ["a": "3"], program)
        await program.stop()
    }

    @Test(
        "with a full output folder the old Secret stays complete, the log reports it, and the new one follows later",
        .enabled(if: Privileges.mayMount, "needs CAP_SYS_ADMIN"))
    func space() async throws {
        let world = try LocalWorld()
        try world.distribute("big", "a")
        let value = { (letter: String) in String(repeating: letter, count: 12_000) }
        let volume = try AtomicVolume(world.mount)
        try makeDirectory(world.output)
        let program = try await world.start(
            wrapper: MountNamespace.wrapper + [
                "sh", "-c", "mount -t tmpfs -o size=64k,mode=0700 full \(world.output) && exec \"$@\"", "sh",
            ])
        let output = MountNamespace(program: program)(world.output)
        try volume.write(["a": value("a")])
        await world.expect("big", ["a": value("a")], program, in: output)

        let filler = output + "/filler"
        _ = try? writeFile(filler, [UInt8](repeating: 0, count: 64 << 10))
        try volume.write(["a": value("b")])
        await world.expectLog("No space left on device", program)
        #expect(world.secret("big", in: output) == ["a": value("a")])
        // Between two attempts.
        #expect(await eventually { names(in: output + "/web") == ["big.yaml"] })
        unlink(filler)
        await world.expect("big", ["a": value("b")], program, in: output)
        await program.stop()
    }
}
