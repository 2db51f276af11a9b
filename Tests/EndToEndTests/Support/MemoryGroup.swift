import FoundationEssentials
import Glibc
import TestSupport
import Testing

/// A control group that limits memory, of version 1 or 2 of that interface (cgroups(7)), as a container has.
struct MemoryGroup {
    private let path: String
    private let isUnified: Bool

    /// Nil where none can be made: no root, or the controller is not there.
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

    /// Bytes that the example's container may use: `spec.template.spec.initContainers[0].resources.limits.memory`, in Mi.
    static func exampleLimit() throws -> Int {
        let deployment = try World.manifest("sidecar-example/deployment.yaml")
        let container = deployment["spec"]?["template"]?["spec"]?["initContainers"]?.array?.first
        let text = try #require(container?["resources"]?["limits"]?["memory"]?.string)
        return try #require(text.hasSuffix("Mi") ? Int(text.dropLast(2)) : nil) << 20
    }

    /// Becomes the command that follows it, in this group.
    var wrapper: [String] { ["sh", "-c", "echo $$ > \(path)/cgroup.procs && exec \"$@\"", "sh"] }

    /// How often the kernel has ended a process of the group for want of memory.
    var kills: Int {
        let text = Files.text("\(path)/\(isUnified ? "memory.events" : "memory.oom_control")")
        let line = text.split(separator: "\n").first { $0.hasPrefix("oom_kill ") }
        return line?.split(separator: " ").last.flatMap { Int($0) } ?? 0
    }

    var figures: String {
        let most = Files.text("\(path)/\(isUnified ? "memory.peak" : "memory.max_usage_in_bytes")")
        return "most used in the group: \((Int(most.filter(\.isNumber)) ?? 0) >> 10) KiB, killed: \(kills)"
    }

    /// Its processes have ended.
    func remove() { rmdir(path) }
}

extension Binary {
    /// Bytes of memory that it had at most, with the files that it maps: where no group can be made, this is compared with
    /// the limit.
    var peak: Int {
        let line = Files.text("/proc/\(process)/status").split(separator: "\n").first { $0.hasPrefix("VmHWM") }
        return (line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) } ?? 0) << 10
    }
}

/// Files of /proc and of control groups, which have no size and are not replaced.
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
