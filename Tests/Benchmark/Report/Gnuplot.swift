import TestSupport

/// gnuplot(1), which draws the plots.
struct Gnuplot {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    var command = "gnuplot"

    /// - Returns: the standard output of `script`, which is the plot in the format of its `set terminal`.
    func draw(_ script: String) async throws -> String {
        let run = try await ToolRun.run([command, "--default-settings"], input: script)
        switch run.status {
        case 0: return run.output
        // The status for a missing command from a shell, and from setpriv(1), with which `ToolRun` starts commands.
        case 127: throw Failure(description: "\(command) is missing: install the package gnuplot-nox")
        default: throw Failure(description: "\(command) failed with status \(run.status): \(run.errors)")
        }
    }
}
