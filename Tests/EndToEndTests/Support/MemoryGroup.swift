import FoundationEssentials
import Glibc
import TestSupport
import Testing

/// A control group (cgroups(7)), version 1 or 2, that limits memory as a container does.
struct MemoryGroup {
    private let path: String
    private let isUnified: Bool

    /// Nil if none can be created: without root, or without the memory controller.
    ///
    /// - Parameter limit: bytes.
    init?(limit: Int) throws {
        let name = "secrets-distributor-tests-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
        for (parent, isUnified) in [("/sys/fs/cgroup/memory", false), ("/sys/fs/cgroup", true)] {
            let path = "\(parent)/\(name)"
            guard mkdir(path, 0o755) == 0 else { continue }
            let file = "\(path)/\(isUnified ? "memory.max" : "memory.limit_in_bytes")"
            guard access(file, W_OK) == 0 else {
                rmdir(path)
                continue
            }
            try Files.write(file, "\(limit)")
            self.path = path
            self.isUnified = isUnified
            return
        }
        return nil
    }

    /// The memory limit of the example's container in bytes:
    /// `spec.template.spec.initContainers[0].resources.limits.memory`, in Mi.
    static func exampleLimit() throws -> Int {
        let deployment = try World.manifest("sidecar-example/deployment.yaml")
        let container = deployment["spec"]?["template"]?["spec"]?["initContainers"]?.array?.first
        let text = try #require(container?["resources"]?["limits"]?["memory"]?.string)
        return try #require(text.hasSuffix("Mi") ? Int(text.dropLast(2)) : nil) << 20
    }

    /// A command that runs the command after it in this group.
    var wrapper: [String] { ["sh", "-c", "echo $$ > \(path)/cgroup.procs && exec \"$@\"", "sh"] }

    /// The number of processes of the group that the kernel has killed because memory ran out.
    var kills: Int {
        let text = Files.text("\(path)/\(isUnified ? "memory.events" : "memory.oom_control")")
        let line = text.split(separator: "\n").first { $0.hasPrefix("oom_kill ") }
        return line?.split(separator: " ").last.flatMap { Int($0) } ?? 0
    }

    var figures: String {
        let most = Files.text("\(path)/\(isUnified ? "memory.peak" : "memory.max_usage_in_bytes")")
        return "most used in the group: \((Int(most.filter(\.isNumber)) ?? 0) >> 10) KiB, killed: \(kills)"
    }

    /// Call it when the processes of the group have ended.
    func remove() { rmdir(path) }
}

extension Binary {
    /// The maximum resident memory in bytes, including mapped files. Compared with the limit if no group can be created.
    var peak: Int {
        let line = Files.text("/proc/\(process)/status").split(separator: "\n").first { $0.hasPrefix("VmHWM") }
        return (line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) } ?? 0) << 10
    }
}

/// Reads files of /proc and of control groups, which report no size and are never replaced.
enum Files {
    static func text(_ path: String) -> String {
        String(decoding: (try? Data(contentsOf: URL(fileURLWithPath: path))) ?? Data(), as: UTF8.self)
    }

    static func write(_ path: String, _ text: String) throws {
        let file = open(path, O_WRONLY | O_CLOEXEC)
        guard file != -1 else { throw Command.Failure(description: "open \(path): errno \(errno)") }
        defer { close(file) }
        let count = Glibc.write(file, text, text.utf8.count)
        guard count == text.utf8.count else { throw Command.Failure(description: "write \(path): errno \(errno)") }
    }
}
