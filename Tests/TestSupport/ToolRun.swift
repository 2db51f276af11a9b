import FoundationEssentials
import Glibc
import LinuxIO

/// A finished run of a command of the machine. The command ends with the tests.
package struct ToolRun: Sendable {
    /// The exit status; 128 plus the number of a signal, as a shell reports it.
    package let status: Int32
    package let output: String
    package let errors: String

    /// - Parameter input: the command's standard input.
    package static func run(_ words: [String], input: String = "") async throws -> ToolRun {
        let directory = try TemporaryDirectory()
        try writeFile(directory("in"), input)
        let words = ["setpriv", "--pdeathsig", "KILL", "--"] + words
        let identifier = try await BlockingThread.shared.run {
            try ServerProcess.spawn(words, input: directory("in"), log: directory("out"), errors: directory("err"))
        }
        let status = await OwnedThread.value(name: "waitpid") {
            var status: Int32 = 0
            while waitpid(identifier, &status, 0) < 0, errno == EINTR {}
            return status & 0x7f != 0 ? 128 + (status & 0x7f) : (status >> 8) & 0xff
        }
        let text = { (name: String) in
            String(decoding: try Data(contentsOf: URL(fileURLWithPath: directory(name))), as: UTF8.self)
        }
        return ToolRun(status: status, output: try text("out"), errors: try text("err"))
    }
}
