import FoundationEssentials
import Glibc
import JSON
import TestSupport
import Testing

@Suite("A dry run")
struct DryRunTests {
    @Test("in local mode follows the mount and creates no folder and no file")
    func local() async throws {
        let world = try LocalWorld()
        try writeFile("\(world.mount)/a", "very secret")
        try world.distribute("app", "a")
        let program = try await world.start(["DRY_RUN": "true", "LOG_FORMAT": "text"])
        await world.expectLog("would create secret secret=web/app", program)
        await world.expectLog("dry run summary wouldWrite=1 ofTheseContent=1 inSync=0 heldBack=0", program)
        try world.distribute("next", "a")
        await world.expectLog("would create secret secret=web/next", program)
        try writeFile("\(world.mount)/b", "very secret too")
        try world.distribute("app", "b")
        await world.expectLog("would create secret secret=web/app distribution=web/app addedKeys=[b]", program)
        #expect(access(world.output, F_OK) != 0)
        await program.stop()
        #expect(program.logged("secret created") == 0)
        #expect(program.logged("would create secret secret=web/app") == 2)
        #expect(!program.errors.contains("very secret"))
    }

    @Test("on a real API server reports each difference once and sends read requests only, also with leader election")
    func cluster() async throws {
        let world = try await World()
        let volume = try AtomicVolume(world.mount)
        try volume.write(["a": "1", "b": "1"])
        try await world.create(world.distribution("app", [("a", "a")], policy: .delete))
        try await world.create(world.distribution("held", [("none", "a")]))
        try await world.withAgent { try await world.expect("app", ["a": "1"]) }
        let before = try await world.secret("app")?.version
        try await world.create(world.distribution("new", [("b", "b")]))

        // The user may write, so that only the program itself prevents writes.
        let verbs = ["get", "list", "watch", "create", "patch", "delete"]
        try await world.server.allow("dave", verbs, .secrets, in: world.namespace)
        try await world.server.allow("dave", verbs, .secretsDistributions, in: world.namespace)
        try await world.server.allow("dave", verbs, .leases, in: world.namespace)
        let shadow = try await World(sharing: world)
        try await shadow.withAgent(as: .named("dave")) {
            $0.dryRun = true
            $0.leaderElection = true
            $0.resyncInterval = .seconds(1)
        } _: {
            #expect(
                await eventually { shadow.logs.contains("dry run summary", "wouldWrite=1", "inSync=1", "heldBack=1") }
            )
            #expect(shadow.logs.contains("would create secret", "secret=\(world.namespace)/new", "addedKeys=[b]"))
            try volume.write(["a": "2", "b": "1"])
            #expect(
                await eventually {
                    shadow.logs.contains("would update secret", "secret=\(world.namespace)/app", "changedKeys=[a]")
                })
            // Full comparisons do not repeat the report.
            let lists = shadow.logs.count("would ")
            try await world.delete("app")
            #expect(
                await eventually { shadow.logs.contains("would remove secret", "secret=\(world.namespace)/app") })
            #expect(shadow.logs.count("would ") == lists + 1)
        }
        #expect(try await world.secret("app")?.version == before)
        #expect(try await world.secret("new") == nil)
        #expect(try await world.distribution("new").status.statusText == nil)
        for said in ["secret created", "secret updated", "secret removed", "distribution synced"] {
            #expect(shadow.logs.count(said) == 0)
        }
        let requests = try world.server.served(in: world.namespace).filter { $0.user.username == "dave" }
        #expect(!requests.isEmpty)
        let writes = requests.filter { !["get", "list", "watch"].contains($0.verb) }
        #expect(writes.isEmpty, "\(writes.map { "\($0.verb) \($0.requestURI)" })")
        let leases: [JSONValue] = try await world.client.list(
            JSONValue.self, .leases, namespace: world.namespace
        ).items
        #expect(leases.isEmpty)
    }
}
