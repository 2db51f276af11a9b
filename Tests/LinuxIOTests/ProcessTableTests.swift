import Glibc
import LinuxIO
import TestSupport
import Testing

@Suite("Signals and processes")
struct ProcessTableTests {
    @Test(
        "have names and numbers",
        arguments: [
            ("HUP", 1, "SIGHUP"), ("SIGHUP", 1, "SIGHUP"), ("sigusr1", 10, "SIGUSR1"), ("15", 15, "SIGTERM"),
            ("64", 64, "signal 64"),
        ])
    func signals(_ text: String, _ number: Int32, _ description: String) {
        #expect(SignalNumber(text)?.rawValue == number)
        #expect(SignalNumber(text)?.description == description)
    }

    @Test("have no other names", arguments: ["", "0", "65", "-1", "+1", "SIG", "SIGSIGHUP", "NOPE", "1.0"])
    func notSignals(_ text: String) { #expect(SignalNumber(text) == nil) }

    @Test("are found by the name of the program and by the first argument")
    func names() async throws {
        let folder = try TemporaryDirectory()
        let program = folder("a-program-with-a-long-name")
        try makeLink(program, to: "/bin/sleep")
        let process = try await ServerProcess(program, ["600"], log: folder("log"))
        let isThere = await eventually { ProcessEntry(process.identifier)?.command == "a-program-with-" }
        #expect(isThere)
        let entry = try #require(try ProcessEntry.all().first { $0.identifier == process.identifier })
        #expect(entry.parent == getpid())
        // The same each time, and not before that of this process.
        #expect(entry.startTime == ProcessEntry(process.identifier)?.startTime)
        let own = try #require(ProcessEntry(getpid()))
        #expect(entry.startTime >= own.startTime)
        for name in ["a-program-with-a-long-name", "a-program-with-", "a-program-with-other-end"] {
            #expect(entry.isNamed(name), "\(name)")
        }
        for name in ["a-program-with", "sleep", "", program] { #expect(!entry.isNamed(name), "\(name)") }
        #expect(!entry.handles(.hangUp))
        try entry.send(try #require(SignalNumber("TERM")))
        #expect(await eventually { process.hasEnded })
        #expect(try !ProcessEntry.all().contains { $0.identifier == getpid() })
        await process.kill()
        #expect(throws: LinuxError.self) { try entry.send(.hangUp) }
    }

    @Test("handle a signal once they have a handler for it")
    func handler() async throws {
        let folder = try TemporaryDirectory()
        let script = "trap 'echo got' HUP; echo ready; while :; do sleep 0.05; done"
        let process = try await ServerProcess("dash", ["-c", script], log: folder("log"))
        #expect(await eventually { Self.text(folder("log")).contains("ready") })
        let entry = try #require(ProcessEntry(process.identifier))
        #expect(entry.handles(.hangUp))
        #expect(!entry.handles(try #require(SignalNumber("USR1"))))
        try entry.send(.hangUp)
        #expect(await eventually { Self.text(folder("log")).contains("got") })
        await process.kill()
    }

    private static func text(_ path: String) -> String {
        String(decoding: (try? FileDescriptor.bytes(at: path)) ?? [], as: UTF8.self)
    }
}
