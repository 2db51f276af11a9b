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
        var files = ["benchmarks.md": Page(results: results).text, "benchmarks/results.json": try json()]
        for plot in Plot.all(of: results) {
            files["benchmarks/\(plot.name).svg"] = try await Gnuplot().draw(plot.script)
        }
        return files
    }

    /// - Parameter folder: `docs`; created if it is missing.
    func write(to folder: String) async throws {
        try makeDirectory("\(folder)/benchmarks")
        for (name, text) in try await files() { try writeFile("\(folder)/\(name)", text) }
    }

    /// Keys are sorted and latencies are rounded to the microsecond, so that two files can be compared.
    private func json() throws -> String {
        var rounded = Results(isQuick: results.isQuick)
        for var scenario in results.scenarios {
            scenario.distributions = scenario.distributions.map { distribution in
                let latencies = distribution.latencies.map { ($0 * 1e6).rounded() / 1e6 }
                return LatencyDistribution(id: distribution.id, title: distribution.title, latencies: latencies)
            }
            rounded.add(scenario)
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(rounded), as: UTF8.self) + "\n"
    }

    /// Reads earlier results.
    ///
    /// - Parameter path: a `results.json`, its folder, or the folder given to `write`.
    static func read(_ path: String) throws -> Report {
        let file = file(of: path) ?? path
        do {
            let data = try Data(contentsOf: URL(fileURLWithPath: file))
            return Report(results: try JSONDecoder().decode(Results.self, from: data))
        } catch {
            throw Failure(description: "\(file) cannot be read: \(error)")
        }
    }

    /// The report to which new results are added: the one in a folder, or an empty one. Quick results are worth nothing, so
    /// they are never kept, and replace only each other.
    static func toAmend(in folder: String, isQuick: Bool) throws -> Report {
        let empty = Report(results: Results(isQuick: isQuick))
        guard let file = file(of: folder) else { return empty }
        let earlier = try read(file)
        if earlier.results.isQuick { return empty }
        guard !isQuick else {
            throw Failure(
                description:
                    "--output: \(folder) has results of a full run, which those of --quick would replace; expected"
                    + " another folder")
        }
        return earlier
    }

    private static func file(of path: String) -> String? {
        [path, "\(path)/results.json", "\(path)/benchmarks/results.json"]
            .first { $0.hasSuffix(".json") && FileManager.default.fileExists(atPath: $0) }
    }
}
