import FoundationEssentials

/// Prometheus' own tool, downloaded by Tests/Tools/promtool.
package enum Promtool {
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    /// Runs `promtool check metrics`, which also checks names, units and help texts.
    ///
    /// - Throws: `Failure` with the output of promtool.
    package static func check(_ text: String) async throws {
        let folder = try ScratchFolder()
        try folder.write("metrics", text)
        try await run(["check", "metrics"], in: folder, input: "metrics")
    }

    /// Runs promtool in `folder`, to which file names in the arguments are relative.
    ///
    /// - Throws: `Failure` with its output if its exit status is not 0.
    package static func run(_ arguments: [String], in folder: ScratchFolder, input: String = "/dev/null") async throws {
        let tool = String(#filePath.dropLast("TestSupport/Promtool.swift".count)) + "Tools/promtool"
        let script = "cd \"$1\" && input=$2 && shift 2 && exec \"$0\" \"$@\" <\"$input\""
        do {
            try await ServerProcess.run(
                ["sh", "-c", script, tool, folder.path, input] + arguments, log: folder("promtool.log"))
        } catch {
            throw Failure(description: String(decoding: (try? folder.read("promtool.log")) ?? [], as: UTF8.self))
        }
    }
}
