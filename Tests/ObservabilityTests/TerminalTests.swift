import Glibc
import Testing

@testable import Observability

@Suite("Colours")
struct TerminalTests {
    @Test(
        "are used on a terminal that supports them, unless the user turns them off",
        arguments: [
            ([:], true), (["TERM": "xterm-256color"], true), (["NO_COLOR": ""], true), (["NO_COLOR": "1"], false),
            (["NO_COLOR": "0"], false), (["TERM": "dumb"], false),
        ] as [([String: String], Bool)])
    func terminal(environment: [String: String], isColoured: Bool) throws {
        // A pseudo-terminal (pty(7)).
        let terminal = open("/dev/ptmx", O_RDWR | O_NOCTTY)
        try #require(terminal >= 0)
        defer { close(terminal) }
        #expect(Terminal.takesColours(terminal) { environment[$0] } == isColoured)
        // A progress line is possible without colours.
        #expect(Terminal.canErase(terminal) { environment[$0] } == (environment["TERM"] != "dumb"))
    }

    @Test("are not used for a pipe or a file")
    func noTerminal() {
        let null = open("/dev/null", O_WRONLY)
        defer { close(null) }
        #expect(!Terminal.takesColours(null) { _ in nil })
    }
}
