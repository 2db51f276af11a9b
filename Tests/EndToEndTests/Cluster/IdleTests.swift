import FoundationEssentials
import Glibc
import TestSupport
import TestTraits
import Testing

@Suite("An idle program", .endsIfHung)
struct IdleTests {
    private static let window: Duration = .seconds(10)

    /// The voluntary context switches of each thread (proc(5), `voluntary_ctxt_switches`), with the thread's name.
    private func sleeps(of process: pid_t) -> [(thread: String, name: String, count: Int)] {
        let tasks = "/proc/\(process)/task"
        return ((try? FileManager.default.contentsOfDirectory(atPath: tasks)) ?? []).compactMap { thread in
            guard let name = try? String(contentsOfFile: "\(tasks)/\(thread)/comm", encoding: .utf8),
                let status = try? String(contentsOfFile: "\(tasks)/\(thread)/status", encoding: .utf8),
                let line = status.split(separator: "\n").first(where: { $0.hasPrefix("voluntary_ctxt_switches:") }),
                let count = line.split(separator: "\t").last.flatMap({ Int($0) })
            else { return nil }
            return (thread, String(name.dropLast()), count)
        }
    }

    /// Wake-ups in one window: of the program's own threads, and of Swift's thread pool.
    private func wakeUps(of process: pid_t) async throws -> (own: Int, pool: Int) {
        let before = Dictionary(uniqueKeysWithValues: sleeps(of: process).map { ($0.thread, $0.count) })
        try await Task.sleep(for: Self.window)
        var counts = (own: 0, pool: 0)
        for (thread, name, count) in sleeps(of: process) {
            let new = count - (before[thread] ?? 0)
            if ["curl", "curl feeds", "watch", "http", "signals"].contains(name) {
                counts.own += new
            } else {
                counts.pool += new
            }
        }
        return counts
    }

    /// A timer of one second, for each watch or for all, causes ten or more wake-ups. Polling the mount causes one. Ten
    /// of the pool's are libdispatch's own: it checks its threads each second.
    @Test("hardly ever wakes up, with two watches and a mount") func wakeUps() async throws {
        let world = try await World()
        let volume = try AtomicVolume(world.mount)
        try volume.write(["a": "1"])
        try await world.create(world.distribution("idle", [("a", "a")]))
        let program = try await Binary(
            ["run"],
            environment: [
                "SECRETS_PATH": world.mount, "MANAGED_BY": world.namespace, "WATCH_NAMESPACES": world.namespace,
                "KUBECONFIG": try world.server.kubeconfig(), "LISTEN_ADDRESS": "127.0.0.1:\(LoopbackPort.reserve())",
            ])
        try await world.expect("idle", .synced)
        var least = (own: Int.max, pool: Int.max)
        let isQuiet = try await eventually {
            let counts = try await self.wakeUps(of: program.process)
            least = (min(least.own, counts.own), min(least.pool, counts.pool))
            return least.own <= 4 && least.pool <= 18
        }
        #expect(isQuiet, "woken \(least.own) and \(least.pool) times in \(Self.window)")
        program.signal(SIGTERM)
        #expect(await program.ended().status == 0)
    }
}
