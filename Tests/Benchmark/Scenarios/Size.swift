import FoundationEssentials
import Glibc
import KubeConfig
import TestSupport

/// The size of the release, and the time until it is ready.
struct Size: Scenario {
    static let name = "size"

    func run(_ bench: Bench) async throws -> Findings {
        say("size: the program, the image, its start")
        let folder = try TemporaryDirectory()
        let stripped = folder("program")
        let strip = try await ToolRun.run(["strip", "--strip-all", "-o", stripped, bench.program])
        guard strip.status == 0 else { throw ProcessUsage.Failure(description: "strip: \(strip.errors)") }
        let bytes = try Data(contentsOf: URL(fileURLWithPath: stripped)).count
        var figures = [
            Figure(
                "size.binary", "the program, stripped", unit: .bytes, runs: [.init(value: Double(bytes))],
                bar: .atMost(16 * 1_048_576))
        ]
        if let image = try await image(bench) { figures.append(image) }
        figures.append(try await version(bench))
        figures.append(try await firstRequest(bench))
        return Findings(figures: figures)
    }

    /// The size of the image as a node pulls it. Nil if it cannot be built.
    private func image(_ bench: Bench) async throws -> Figure? {
        let root = String(#filePath.dropLast("Tests/Benchmark/Scenarios/Size.swift".count))
        let folder = try TemporaryDirectory()
        let run = try await ToolRun.run([root + "Tests/Tools/image", bench.program, folder("image")])
        guard run.status == 0, let mebibytes = Self.mebibytes(run.errors) else {
            say("size: the image is not measured: \(run.errors)")
            return nil
        }
        // 21 MiB when the bar was set: 31 MiB of packages and 19 MiB of program, unpacked. The bar leaves room for Debian's
        // updates, but not for another large library.
        return Figure(
            "size.image", "the image, compressed", unit: .bytes,
            runs: [.init(value: Double(mebibytes << 20))], bar: .atMost(24 * 1_048_576),
            note: "The whole image, which has no base: what a node pulls (`make image`), in whole MiB.")
    }

    /// - Parameter text: ends with "31 MiB of packages and 13 MiB of program, 17 MiB compressed, in a.tar".
    static func mebibytes(_ text: String) -> Int? {
        text.firstMatch(of: /(\d+) MiB compressed/).flatMap { Int($0.1) }
    }

    private func version(_ bench: Bench) async throws -> Figure {
        var runs: [Figure.Run] = []
        for _ in 0..<(bench.isQuick ? 3 : 30) {
            let time = try await Self.seconds([bench.program, "version"])
            runs.append(.init(value: time, reference: try await Self.seconds(["/bin/true"])))
        }
        return Figure(
            "size.version", "`secrets-distributor version`, start to end", unit: .seconds, runs: runs,
            note: "Compared with `/bin/true`, started in the same way.")
    }

    private static func seconds(_ words: [String]) async throws -> Double {
        let start = ContinuousClock.now
        let run = try await ToolRun.run(words)
        guard run.status == 0 else { throw ProcessUsage.Failure(description: "\(words[0]): status \(run.status)") }
        return start.duration(to: .now) / .seconds(1)
    }

    private func firstRequest(_ bench: Bench) async throws -> Figure {
        try await Cluster.with { cluster in
            let fleet = try await Fleet(1, on: cluster)
            var runs: [Figure.Run] = []
            for _ in 0..<(bench.isQuick ? 1 : 10) {
                var tail = AuditTail(cluster)
                let agent = try await AgentProcess(bench, on: cluster, mount: fleet.mount)
                _ = try await agent.firstPass()
                try await tail.wait(forSilenceOf: .milliseconds(500))
                await agent.stop()
                if let first = try tail.requests().compactMap(\.time).min() {
                    runs.append(.init(value: agent.startedAt.duration(to: first) / .seconds(1)))
                }
            }
            return Figure("size.request", "the program, start to first request", unit: .seconds, runs: runs)
        }
    }
}
