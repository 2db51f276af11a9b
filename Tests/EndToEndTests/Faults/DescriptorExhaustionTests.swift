import Glibc
import TestSupport
import Testing

@Suite("An agent in a cluster with no free file descriptors")
struct DescriptorExhaustionTests {
    /// A connection, a timer and a thread may each need a descriptor: what has not been used before fails.
    @Test("continues when descriptors are free again, whatever it was doing when they ran out")
    func goesOn() async throws {
        let world = try await World()
        let volume = try AtomicVolume(world.mount)
        let proxy = try FaultyProxy(to: world.server.port)
        defer { proxy.stop() }
        try volume.write(["a": "0"])
        try await world.create(world.distribution("app", [("a", "a")]))
        let environment = [
            "SECRETS_PATH": world.mount, "MANAGED_BY": world.namespace, "WATCH_NAMESPACES": world.namespace,
            "KUBECONFIG": try world.server.kubeconfig(through: "127.0.0.1:\(proxy.port)"), "DEBOUNCE_QUIET": "10ms",
        ]
        var restarts = 0
        for round in 1...4 {
            var agent = try await Binary(["run"], environment: environment)
            let process = agent.process
            let limit = { (count: Int) in
                try await Command.run(["prlimit", "--pid", "\(process)", "--nofile=\(count):"])
            }
            #expect(await eventually { agent.errors.contains("\"started\"") })
            if round % 2 == 0 { try await world.expect("app", ["a": "\(round - 1)"]) }
            try await limit(3)
            try volume.write(["a": "\(round)"])
            // Again and again: a connection that the agent has just opened may reach the proxy only after a cut.
            #expect(
                await eventually {
                    proxy.cut()
                    return agent.errors.contains("watch failed") || agent.hasEnded
                })
            // Long enough for some retries.
            try await Task.sleep(for: .seconds(1))
            try await limit(1024)
            // On a busy machine it took longer: libdispatch's monitor may have treated this as a fault and ended the
            // agent (docs/reliability.md, Limits). The kubelet then restarts it.
            if agent.hasEnded {
                #expect(await agent.ended().status == 128 + SIGILL)
                agent = try await Binary(["run"], environment: environment)
                restarts += 1
            }
            try await world.expect("app", ["a": "\(round)"])
            agent.signal(SIGTERM)
            let ended = await agent.ended()
            #expect(ended.status == 0, "\(ended.errors.suffix(2000))")
        }
        #expect(restarts <= 2, "restarts must be rare")
    }
}
