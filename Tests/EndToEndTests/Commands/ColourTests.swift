import TestSupport
import Testing

@Suite("Colours in the log")
struct ColourTests {
    /// What a single pass logs, on its own terminal (script(1)) or to a file.
    private func log(_ variables: [String: String], onTerminal: Bool) async throws -> String {
        let world = try LocalWorld()
        try writeFile(world.mount + "/password", "one")
        try world.distribute("app", "password")
        let environment = [
            "SECRETS_PATH": world.mount, "DISTRIBUTIONS_PATH": world.root("in"), "OUTPUT_PATH": world.output,
            "TERM": "xterm", "LOG_LEVEL": "debug",
        ].merging(variables) { $1 }
        let program =
            onTerminal
            ? try await Binary(
                ["--quiet", "--return", "--command", "\(Binary.path) sync", "/dev/null"], environment: environment,
                program: "script")
            : try await Binary(["sync"], environment: environment)
        let ended = await program.ended()
        #expect(ended.status == 0)
        // A terminal shows both streams, and the result has colours of its own.
        let lines = (ended.output + ended.errors).split(whereSeparator: \.isNewline).filter {
            $0.contains("distribution synced")
        }
        #expect(lines.count == 1)
        return lines.joined()
    }

    @Test("A problem is shown once on a terminal", arguments: ["sync", "plan"])
    func problem(command: String) async throws {
        let world = try LocalWorld()
        try writeFile(world.mount + "/password", "one")
        try world.distribute("app", "password")
        try writeFile(world.root("in/broken.yaml"), "kind: [")
        try world.distribute("lost", "none")
        let program = try await Binary(
            ["--quiet", "--return", "--command", "\(Binary.path) \(command)", "/dev/null"],
            environment: [
                "SECRETS_PATH": world.mount, "DISTRIBUTIONS_PATH": world.root("in"), "OUTPUT_PATH": world.output,
                "TERM": "xterm",
            ], program: "script")
        let text = await program.ended().output
        #expect(text.ranges(of: "did not find expected").count == 1, "\(text)")
        #expect(text.ranges(of: "has no file").count == 1, "\(text)")
    }

    @Test("appear in text on a terminal, unless the user turns them off", arguments: [true, false])
    func terminal(onTerminal: Bool) async throws {
        let text = try await log(["LOG_FORMAT": "text"], onTerminal: onTerminal)
        #expect(text.contains("\u{1b}[34mDEBUG\u{1b}[0m") == onTerminal)
        #expect(text.contains("\u{1b}") == onTerminal)
        for variables in [
            ["NO_COLOR": "1", "LOG_FORMAT": "text"], ["TERM": "dumb", "LOG_FORMAT": "text"], ["LOG_FORMAT": "json"],
        ] {
            #expect(try await !log(variables, onTerminal: onTerminal).contains("\u{1b}"), "\(variables)")
        }
    }

    @Test("The log is text on a terminal and JSON elsewhere, unless LOG_FORMAT is set", arguments: [true, false])
    func format(onTerminal: Bool) async throws {
        #expect(try await log([:], onTerminal: onTerminal).hasPrefix("{") != onTerminal)
        #expect(try await log(["LOG_FORMAT": "json"], onTerminal: onTerminal).hasPrefix("{"))
    }
}
