import FoundationEssentials
import Glibc
import Observability
import TestSupport

extension Origin {
    /// This machine and the checked-out commit.
    static func here(startedAt: Timestamp) async throws -> Origin {
        let root = String(#filePath.dropLast("/Tests/Benchmark/Results/Origin+Here.swift".count))
        return Origin(
            machine: try await .this(root), commit: try await commit(of: root), startedAt: startedAt.rfc3339)
    }

    /// The commit that last changed anything outside `docs`, to which the benchmark itself writes; "unknown" if `root` is
    /// no repository.
    static func commit(of root: String) async throws -> String {
        let git = ["git", "-C", root]
        let outside = ["--", ".", ":(exclude)docs"]
        guard let commit = try await firstLine(git + ["log", "-1", "--format=%h"] + outside) else { return "unknown" }
        let changes = try await ToolRun.run(git + ["status", "--porcelain"] + outside)
        return changes.output.isEmpty ? commit : commit + "-dirty"
    }
}

extension Machine {
    /// - Parameter root: the root of the repository.
    fileprivate static func this(_ root: String) async throws -> Machine {
        let assets = try await firstLine([root + "/Tests/Tools/apiserver-assets"]) ?? ""
        let server = try await firstLine([assets + "/kube-apiserver", "--version"]) ?? ""
        let etcd = try await firstLine([assets + "/etcd", "--version"]) ?? ""
        return Machine(
            processor: value(of: "model name", "/proc/cpuinfo", separator: ":") ?? "unknown",
            cores: sysconf(Int32(_SC_NPROCESSORS_ONLN)),
            memory: sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE)),
            system: value(of: "PRETTY_NAME", "/etc/os-release", separator: "=") ?? "unknown",
            kernel: text("/proc/sys/kernel/osrelease").split(separator: "\n").first.map { String($0) } ?? "unknown",
            // "Kubernetes v1.20.2", "etcd Version: 3.4.23".
            servers: "kube-apiserver \(server.split(separator: " ").last ?? "unknown"), etcd "
                + (etcd.split(separator: " ").last ?? "unknown"),
            compiler: try await firstLine(["swift", "--version"]) ?? "unknown")
    }

    /// The value for a name in a file with one pair per line, without quotes.
    private static func value(of name: String, _ path: String, separator: Character) -> String? {
        let line = text(path).split(separator: "\n").first { $0.hasPrefix(name) }
        return line?.split(separator: separator, maxSplits: 1).last.map { value in
            value.trimmingPrefix { $0.isWhitespace }.filter { $0 != "\"" }
        }
    }

    private static func text(_ path: String) -> String {
        String(decoding: (try? Data(contentsOf: URL(fileURLWithPath: path))) ?? Data(), as: UTF8.self)
    }
}

/// The first line of a command's output, preferably of standard output; nil if the command fails.
private func firstLine(_ words: [String]) async throws -> String? {
    let run = try await ToolRun.run(words)
    guard run.status == 0 else { return nil }
    return (run.output + run.errors).split(separator: "\n").first.map { String($0) }
}
