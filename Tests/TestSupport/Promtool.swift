import FoundationEssentials

/// Prometheus' own tool, as Tests/Tools/promtool brings it.
package enum Promtool {
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    /// - Throws: `Failure` with what `promtool check metrics` says of a text in Prometheus' format; it also minds names,
    ///   units and help.
    package static func check(_ text: String) async throws {
        let folder = try ScratchFolder()
        try folder.write("metrics", text)
        try await run(["check", "metrics"], in: folder, input: "metrics")
    }

    /// Runs it in `folder`, in which its arguments name files.
    ///
    /// - Throws: `Failure` with its output if it does not end with 0.
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
