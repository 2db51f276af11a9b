import Glibc
import TestSupport
import Testing

@Suite("Signals to the running program")
struct SignalTests {
    @Test("SIGUSR1 makes the log more verbose, SIGUSR2 less, step by step, and each change is logged")
    func level() async throws {
        let world = try LocalWorld()
        let program = try await world.start()
        await world.expectLog("\"message\":\"started\"", program)
        let told = { (old: String, new: String) in
            "\"level\":\"warning\",\"message\":\"log level changed\",\"old\":\"\(old)\",\"new\":\"\(new)\"}"
        }
        program.signal(SIGUSR1)
        await world.expectLog(told("info", "debug"), program)
        // There is no further level. Of two pending signals, the one with the smaller number is delivered first
        // (signal(7)).
        program.signal(SIGUSR1)
        program.signal(SIGUSR2)
        await world.expectLog(told("debug", "info"), program)
        program.signal(SIGUSR2)
        await world.expectLog(told("info", "warning"), program)
        program.signal(SIGUSR2)
        await world.expectLog(told("warning", "error"), program)
        program.signal(SIGUSR1)
        await world.expectLog(told("error", "warning"), program)
        #expect(program.logged("log level changed") == 5)
        await program.stop()
        // These lines have level info.
        #expect(program.logged("\"message\":\"stopp") == 0)
    }

    @Test("SIGHUP makes the agent read the mount, even if neither an event nor polling would notice the change")
    func looks() async throws {
        let world = try LocalWorld()
        try writeFile(world.mount + "/password", "one")
        try world.distribute("app", "password")
        let program = try await world.start(poll: "24h")
        await world.expect("app", ["password": "one"], program)
        // inotify does not report writes through a memory mapping (inotify(7), "Limitations and caveats").
        try overwrite(world.mount + "/password", "two")
        program.signal(SIGHUP)
        await world.expect("app", ["password": "two"], program)
        await world.expectLog("\"message\":\"comparing everything\",\"cause\":\"SIGHUP\"", program)
        await program.stop()
    }

    @Test("SIGHUP makes the agent compare everything at once")
    func compares() async throws {
        let world = try await World()
        let volume = try AtomicVolume(world.mount)
        try volume.write(["a": "1"])
        try await world.create(world.distribution("app", [("a", "a")]))
        try await world.server.allow("bob", ["get", "list", "watch"], .secrets, in: world.namespace)
        try await world.server.allow("bob", ["*"], .secretsDistributions, in: world.namespace)
        let program = try await Binary(
            ["run"],
            environment: [
                "SECRETS_PATH": world.mount, "MANAGED_BY": world.namespace, "WATCH_NAMESPACES": world.namespace,
                "KUBECONFIG": try world.server.kubeconfig(.named("bob")),
            ])
        try await world.expect("app", .writeFailed)
        // No event reports a new role: without the signal the agent would retry after a minute.
        try await world.server.allow("bob", ["create"], .secrets, in: world.namespace)
        program.signal(SIGHUP)
        try await world.expect("app", ["a": "1"])
        await program.stop()
    }

    private func overwrite(_ path: String, _ text: String) throws {
        let descriptor = open(path, O_RDWR)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        let length = text.utf8.count
        let memory = try #require(mmap(nil, length, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0))
        try #require(memory != MAP_FAILED)
        memory.copyMemory(from: Array(text.utf8), byteCount: length)
        munmap(memory, length)
    }
}
