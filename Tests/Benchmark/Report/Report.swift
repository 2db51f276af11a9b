import FoundationEssentials
import TestSupport

/// The report of results: a page, its plots, and the results themselves.
struct Report {
    let results: Results

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
        var results = results
        results.distributions = results.distributions.map { distribution in
            let latencies = distribution.latencies.map { ($0 * 1e6).rounded() / 1e6 }
            return LatencyDistribution(id: distribution.id, title: distribution.title, latencies: latencies)
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(results), as: UTF8.self) + "\n"
    }

    /// Reads earlier results, to render them again.
    ///
    /// - Parameter path: a `results.json`, its folder, or the folder given to `write`.
    static func read(_ path: String) throws -> Report {
        let places = [path, "\(path)/results.json", "\(path)/benchmarks/results.json"]
        let file = places.first { $0.hasSuffix(".json") && FileManager.default.fileExists(atPath: $0) } ?? path
        let data = try Data(contentsOf: URL(fileURLWithPath: file))
        return Report(results: try JSONDecoder().decode(Results.self, from: data))
    }
}
