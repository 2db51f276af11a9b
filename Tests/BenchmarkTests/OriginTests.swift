import Observability
import TestSupport
import Testing

@testable import benchmark

struct OriginTests {
    @Test func `an origin has the machine, the measured commit and the time`() async throws {
        let origin = try await Origin.here(startedAt: Timestamp(seconds: 0))
        let machine = origin.machine
        #expect(machine.cores > 0 && machine.memory > 64 << 20)
        #expect(machine.servers.contains(/^kube-apiserver v\d.*, etcd \d/))
        for text in [machine.processor, machine.system, machine.kernel, machine.compiler, origin.commit] {
            #expect(!text.isEmpty && text != "unknown" && text.first != " " && !text.contains("\""))
        }
        #expect(origin.name == "\(origin.commit), 1970-01-01")
    }

    @Test func `the commit is the last one outside docs, and dirty if files outside docs differ from it`() async throws
    {
        let folder = try TemporaryDirectory()
        let root = folder("repository")
        #expect(try await Origin.commit(of: root) == "unknown")
        func git(_ words: String...) async throws -> String {
            let identity = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
            let run = try await ToolRun.run(["git", "-C", root] + identity + words)
            #expect(run.status == 0, "\(run.errors)")
            return String(run.output.prefix { $0 != "\n" })
        }
        try makeDirectory("\(root)/docs")
        _ = try await git("init", "--quiet")
        try writeFile("\(root)/a", "1")
        _ = try await git("add", ".")
        _ = try await git("commit", "--quiet", "--message", "a")
        let commit = try await git("rev-parse", "--short", "HEAD")
        #expect(try await Origin.commit(of: root) == commit)
        try writeFile("\(root)/docs/page", "1")
        #expect(try await Origin.commit(of: root) == commit)
        _ = try await git("add", ".")
        _ = try await git("commit", "--quiet", "--message", "docs")
        #expect(try await Origin.commit(of: root) == commit)
        try writeFile("\(root)/a", "2")
        #expect(try await Origin.commit(of: root) == commit + "-dirty")
    }
}
