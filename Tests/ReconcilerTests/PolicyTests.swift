import Distribution
import Planning
import Stores
import TestSupport
import TestTraits
import Testing

@Suite("The access policy", .tags(.concurrent), .endsIfHung)
struct PolicyTests {
    @Test(
        "permitted content is written, denied content is not, and the status names the denied files and the namespace")
    func denies() async throws {
        let bench = Bench.policed()
        await bench.store.put(try bench.distribution(from: ["a", "b", "missing"]))
        await bench.store.put(try bench.distribution("good", target: "good"))
        await bench.controller.policy(Policies.policy("a"))
        try await bench.working {
            try await bench.tellAll()
            try await bench.runUntilIdle()
            #expect(await bench.secret("t") == nil)
            #expect(await bench.secret("good") != nil)
            let ready = await bench.store.distributions[bench.key("d")]?.status.ready
            #expect(ready?.status == "False" && ready?.reason == "PolicyDenied")
            #expect(
                ready?.message == "The access policy denies namespace \"web\" the source files \"b\", \"missing\".")
        }
    }

    @Test("the first problems of a policy with very many are reported")
    func manyProblems() {
        let fields = (0..<1000).map { "  unknown\($0): 1\n" }.joined()
        let parsed = PolicyManifest.parse(
            Array("kind: SecretsAccessPolicy\nspec:\n  rules: []\n\(fields)".utf8), file: "a.yaml")
        #expect(parsed.policy == nil)
        #expect(parsed.problems.count == 101)
        #expect(parsed.problems.contains { $0.message == "has 1000 problems; the first 100 are shown" })
    }

    @Test("nothing is done before the policy was read, and then it applies")
    func waitsForIt() async throws {
        let bench = Bench.policed()
        await bench.store.put(try bench.distribution())
        try await bench.working {
            try await bench.tellAll()
            try await bench.runUntilIdle()
            #expect(await bench.store.calls.isEmpty)
            await bench.controller.policy(Policies.policy("a"))
            try await bench.runUntilIdle()
            #expect(await bench.store.calls == ["create t", "status d"])
        }
    }

    /// What the policy says about others must not reach a tenant: it is in the agent's log.
    @Test("before the first valid policy nothing is written or removed, and the status quotes nothing of the policy")
    func noPolicyYet() async throws {
        let bench = Bench.policed()
        await bench.store.put(try bench.distribution(policy: .delete))
        await bench.store.put(try bench.distribution("new", target: "new"))
        let secret = await bench.store.put(ObservedTarget(bench.key("t"), of: bench.key("d")))
        var orphan = ObservedTarget(bench.key("orphan"), of: bench.key("gone"))
        orphan.owners = [
            .init(apiVersion: WellKnownKeys.apiVersion, kind: WellKnownKeys.kind, name: "gone", uid: "gone")
        ]
        orphan.annotations[WellKnownKeys.target] = WellKnownKeys.target(orphan.key, of: "gone")
        orphan = await bench.store.put(orphan)
        await bench.controller.policy(Policies.broken)
        try await bench.working {
            try await bench.tellAll()
            try await bench.runUntilIdle()
            #expect(await bench.store.secrets == [secret.key: secret, orphan.key: orphan])
            for (name, rest) in [("d", " Secret t keeps its content."), ("new", "")] {
                let ready = await bench.store.distributions[bench.key(name)]?.status.ready
                #expect(ready?.reason == "PolicyDenied")
                #expect(ready?.message == "The access policy cannot be used; the agent's log says why.\(rest)")
            }
            #expect(await bench.controller.unreadiness.count == 1)
            await bench.controller.policy(Policies.policy("a"))
            try await bench.runUntilIdle()
            #expect(await bench.store.secrets.keys.map(\.name).sorted() == ["new", "t"])
            #expect(await bench.secret("t")?.digests == ["a": bench.digest("1")])
            #expect(await bench.controller.unreadiness.isEmpty)
        }
    }

    @Test("an invalid policy keeps the last valid one in force, and the agent is not ready until it is valid")
    func lastGoodStays() async throws {
        let log = LineRecorder()
        let bench = Bench.policed(log: log)
        await bench.store.put(try bench.distribution(policy: .delete))
        await bench.store.put(try bench.distribution("denied", target: "denied", from: ["b"]))
        await bench.controller.policy(Policies.policy("a"))
        try await bench.working {
            try await bench.tellAll()
            try await bench.runUntilIdle()
            #expect(await bench.controller.unreadiness.isEmpty)
            #expect(log.count("INFO    ready") == 1)
            let calls = await bench.store.calls
            await bench.controller.policy(Policies.broken)
            await bench.controller.policy(Policies.broken)
            try await bench.runUntilIdle()
            #expect(await bench.store.calls == calls)
            #expect(
                await bench.controller.unreadiness == [
                    "the access policy cannot be used: policy.yaml:3: spec.mode is \"Off\""
                ])
            #expect(log.count("not ready") == 1)
            await bench.mount(["a": "2", "b": "2"], "generation-2")
            try await bench.runUntilIdle()
            #expect(await bench.secret("t")?.digests == ["a": bench.digest("2")])
            #expect(await bench.secret("denied") == nil)
            await bench.controller.policy(Policies.policy("a"))
            #expect(await bench.controller.unreadiness.isEmpty)
            #expect(log.count("INFO    ready") == 2)
        }
    }

    @Test("an equal policy queues no target")
    func unchanged() async throws {
        let bench = Bench.policed()
        await bench.store.put(try bench.distribution())
        // Read each time it is processed: it may exist without our label.
        await bench.store.put(try bench.distribution("denied", target: "denied", from: ["b"]))
        await bench.controller.policy(Policies.policy("a"))
        try await bench.working {
            try await bench.tellAll()
            try await bench.runUntilIdle()
            let calls = await bench.store.calls
            #expect(calls.contains("observe denied"))
            await bench.controller.policy(Policies.policy("a"))
            try await bench.runUntilIdle()
            #expect(await bench.store.calls == calls)
        }
    }

    @Test("in audit mode it permits what it would deny, and reports this in the status, and once in the log")
    func audits() async throws {
        let log = LineRecorder()
        let bench = Bench.policed(log: log)
        await bench.store.put(try bench.distribution(policy: .delete))
        await bench.controller.policy(Policies.policy("other", mode: "Audit"))
        try await bench.working {
            try await bench.tellAll()
            try await bench.runUntilIdle()
            await bench.mount(["a": "2"], "generation-2")
            try await bench.runUntilIdle()
            #expect(await bench.secret("t")?.digests == ["a": bench.digest("2")])
            #expect(await bench.ready?.reason == "Synced")
            #expect(
                await bench.ready?.message
                    == "Secret t holds 1 key from the mount. The access policy would deny namespace \"web\" the source"
                    + " file \"a\".")
            #expect(log.count("access policy would deny distribution=") == 1)
            // In Enforce mode the target is removed, and a permission restores it without a remark.
            await bench.controller.policy(Policies.policy("other"))
            try await bench.runUntilIdle()
            #expect(await bench.secret("t") == nil)
            await bench.controller.policy(Policies.policy("a", mode: "Audit"))
            try await bench.runUntilIdle()
            #expect(await bench.ready?.message == "Secret t holds 1 key from the mount.")
            await bench.controller.policy(Policies.policy("other", mode: "Audit"))
            try await bench.runUntilIdle()
            #expect(log.count("access policy would deny distribution=") == 2)
        }
    }

    @Test("the agent is ready when mount, lists and policy are known, and logs this once")
    func readiness() async throws {
        let log = LineRecorder()
        let bench = Bench.policed(log: log)
        let reasons = [
            "the mount has had no files yet", "the distributions of all namespaces have not been listed yet",
            "the Secrets of all namespaces have not been listed yet", "the access policy has not been read yet",
        ]
        #expect(await bench.controller.unreadiness == reasons)
        try await bench.tell(.distributions)
        await bench.controller.targetsFailed(.all, .forbidden("secrets may not be listed"))
        #expect(
            await bench.controller.unreadiness == [
                reasons[0], "the Secrets of all namespaces cannot be listed: secrets may not be listed", reasons[3],
            ])
        try await bench.tell(.targets)
        await bench.controller.mount(.absent(reason: "gone"))
        #expect(await bench.controller.unreadiness == [reasons[0], reasons[3]])
        await bench.mount()
        #expect(await bench.controller.unreadiness == [reasons[3]])
        #expect(log.count("INFO    ready") == 0)
        // The initial state is not reported as a change; the failing list of Secrets is.
        #expect(log.count("not ready") == 1)
        await bench.controller.policy(Policies.policy("a"))
        await bench.mount(["a": "2"])
        await bench.controller.mount(.absent(reason: "gone"))
        #expect(await bench.controller.unreadiness.isEmpty)
        #expect(log.count("INFO    ready") == 1)
    }
}
