import FoundationEssentials
import TestSupport

/// The report of results: a page, its plots, and the results themselves.
struct Report {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    var results: Results

    /// The files by path below the documentation folder.
    func files() async throws -> [String: String] {
        var files = ["benchmarks.md": Page(results: results).text, Self.resultsFile: try json()]
        for plot in Plot.all(of: results) {
            files["benchmarks/\(plot.name).svg"] = try await Gnuplot().draw(plot.script)
        }
        return files
    }

    /// - Parameter folder: `docs`; created if it is missing.
    /// - Throws: if the results are quick and would replace those of a full run.
    func write(to folder: String) async throws {
        if results.isQuick { try Self.checkForQuickRun(folder) }
        try makeDirectory("\(folder)/benchmarks")
        for (name, text) in try await files() {
            // A later run may read it, so it must be whole even if this one is interrupted.
            try Data(text.utf8).write(to: URL(fileURLWithPath: "\(folder)/\(name)"), options: .atomic)
        }
    }

    /// Keys are sorted and latencies are rounded to the microsecond, so that two files can be compared.
    private func json() throws -> String {
        var rounded = Results(isQuick: results.isQuick)
        for var run in results.runs {
            run.distributions = run.distributions.map { distribution in
                let latencies = distribution.latencies.map { ($0 * 1e6).rounded() / 1e6 }
                return LatencyDistribution(id: distribution.id, title: distribution.title, latencies: latencies)
            }
            rounded.add(run)
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(rounded), as: UTF8.self) + "\n"
    }

    /// Reads earlier results.
    ///
    /// - Parameter path: a `results.json`, its folder, or the folder given to `write`.
    static func read(_ path: String) throws -> Report {
        let places = [path, "\(path)/results.json", "\(path)/\(resultsFile)"]
        let file = places.first { $0.hasSuffix(".json") && FileManager.default.fileExists(atPath: $0) } ?? path
        do {
            let data = try Data(contentsOf: URL(fileURLWithPath: file))
            return Report(results: try JSONDecoder().decode(Results.self, from: data))
        } catch {
            throw Failure(description: "\(file) cannot be read: \(error)")
        }
    }

    /// The report in `folder`, to which a run that measures only a part adds its results; an empty one if there is none,
    /// or a quick one.
    static func toAmend(in folder: String) throws -> Report {
        let file = "\(folder)/\(resultsFile)"
        guard FileManager.default.fileExists(atPath: file) else { return Report(results: Results(isQuick: false)) }
        let earlier = try read(file)
        return earlier.results.isQuick ? Report(results: Results(isQuick: false)) : earlier
    }

    /// Results of `--quick` are worth nothing, so they must not replace those of a full run.
    ///
    /// - Throws: if `folder` has results of a full run.
    static func checkForQuickRun(_ folder: String) throws {
        struct Kind: Decodable {
            let isQuick: Bool
        }
        let data = try? Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(resultsFile)"))
        guard let data, let kind = try? JSONDecoder().decode(Kind.self, from: data), !kind.isQuick else { return }
        throw Failure(
            description: "--output: \(folder) has results of a full run, which those of --quick would replace; expected"
                + " another folder")
    }

    private static let resultsFile = "benchmarks/results.json"
}
