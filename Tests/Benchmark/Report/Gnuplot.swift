import TestSupport

/// gnuplot(1), which draws the plots.
struct Gnuplot {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    var command = "gnuplot"

    /// - Returns: what `script` writes to standard output: the plot, as its `set terminal` says.
    func draw(_ script: String) async throws -> String {
        let run = try await ToolRun.run([command, "--default-settings"], input: script)
        switch run.status {
        case 0: return run.output
        // As a shell reports it, and setpriv(1), which `ToolRun` starts commands with.
        case 127: throw Failure(description: "\(command) is missing: install the package gnuplot-nox")
        default: throw Failure(description: "\(command) failed with status \(run.status): \(run.errors)")
        }
    }
}
