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

    /// The size that the run-time packages and the program add to a minimal Debian, measured in a real one. Nil if none
    /// can be created.
    private func image(_ bench: Bench) async throws -> Figure? {
        guard geteuid() == 0 else {
            say("size: the image is not measured, because that requires root")
            return nil
        }
        let root = String(#filePath.dropLast("Tests/Benchmark/Scenarios/Size.swift".count))
        let run = try await ToolRun.run([root + "Tests/Tools/runtime-root", bench.program])
        guard run.status == 0, let mebibytes = Self.mebibytes(run.output) else {
            say("size: the image is not measured: \(run.errors)")
            return nil
        }
        return Figure(
            "size.image", "the image above its base, unpacked", unit: .bytes,
            runs: [.init(value: Double(mebibytes << 20))], bar: .atMost(30 * 1_048_576),
            note: """
                The disk space that the Dockerfile's packages and the program add to a minimal Debian \
                (`make runtime-root`), in whole MiB.
                """)
    }

    /// - Parameter text: ends with "17 MiB of packages above the 90 MiB of minbase, and 13 MiB of program".
    static func mebibytes(_ text: String) -> Int? {
        guard let match = text.firstMatch(of: /(\d+) MiB of packages .* (\d+) MiB of program/),
            let packages = Int(match.1), let program = Int(match.2)
        else { return nil }
        return packages + program
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
