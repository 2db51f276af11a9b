import Agent
import Distribution
import TestSupport
import Testing

@Suite("The access policy", .timeLimit(.minutes(10)))
struct PolicyTests {
    private static let broken = PolicyReading.unusable(["policy.yaml:3: spec.mode is \"Off\""])

    private func bench(triesAtMost: Int? = nil, log: LineRecorder = LineRecorder()) -> Bench {
        Bench(triesAtMost: triesAtMost, logger: log.logger) { $0.policyPath = "/policy.yaml" }
    }

    /// One that gives namespace `web` these files.
    private func policy(_ files: String, mode: String = "Enforce", to namespaces: String = "web") -> PolicyReading {
        let text = """
            kind: SecretsAccessPolicy
            spec:
              mode: \(mode)
              rules:
                - namespaces: ["\(namespaces)"]
                  files: ["\(files)"]
            """
        let parsed = PolicyManifest.parse(Array(text.utf8), file: "policy.yaml")
        #expect(parsed.problems.isEmpty)
        return parsed.policy.map { .usable($0) } ?? .unusable(parsed.problems.map(\.description))
    }

    private func ready(_ bench: Bench) async -> Condition? { await bench.store.lastStatus?.status.ready }

    @Test(
        "what it permits is written, and what it denies is not, with each denied file and the namespace in the status")
    func denies() async throws {
        let bench = bench()
        await bench.store.put(try bench.distribution(from: ["a", "b", "missing"]))
        await bench.store.put(try bench.distribution("good", target: "good"))
        await bench.controller.policy(policy("a"))
        try await bench.working {
            try await bench.tellAll()
            try await bench.settle()
            #expect(await bench.secret("t") == nil)
            #expect(await bench.secret("good") != nil)
            let ready = await bench.store.distributions[bench.key("d")]?.status.ready
            #expect(ready?.status == "False" && ready?.reason == "PolicyDenied")
            #expect(
                ready?.message == "The access policy denies namespace \"web\" the source files \"b\", \"missing\".")
        }
    }

    @Test("of one with problems without number the first ones are told")
    func manyProblems() {
        let fields = (0..<1000).map { "  unknown\($0): 1\n" }.joined()
        let parsed = PolicyManifest.parse(
            Array("kind: SecretsAccessPolicy\nspec:\n  rules: []\n\(fields)".utf8), file: "a.yaml")
        #expect(parsed.policy == nil)
        #expect(parsed.problems.count == 101)
        #expect(parsed.problems.contains { $0.message == "has 1000 problems, of which the first 100 are told" })
    }

    @Test("nothing is done before it was read, and then what it says")
    func waitsForIt() async throws {
        let bench = bench()
        await bench.store.put(try bench.distribution())
        try await bench.working {
            try await bench.tellAll()
            try await bench.settle()
            #expect(await bench.store.calls.isEmpty)
            await bench.controller.policy(policy("a"))
            try await bench.settle()
            #expect(await bench.store.calls == ["create t", "status d"])
        }
    }

    // MARK: Permission lost

    @Test("a target that loses its permission goes if it is to be deleted, and stays if it is retained")
    func loses() async throws {
        let bench = bench()
        await bench.store.put(try bench.distribution(policy: .delete))
        await bench.store.put(try bench.distribution("kept", target: "kept"))
        await bench.controller.policy(policy("*"))
        try await bench.working {
            try await bench.tellAll()
            try await bench.settle()
            let kept = try #require(await bench.secret("kept"))
            #expect(await bench.secret("t") != nil)
            await bench.controller.policy(policy("other"))
            try await bench.settle()
            #expect(await bench.secret("t") == nil)
            #expect(await bench.secret("kept") == kept)
            let messages = await bench.store.distributions.values.map { $0.status.ready?.message ?? "" }
            #expect(messages.allSatisfy { $0.contains("denies namespace \"web\" the source file \"a\".") })
            #expect(
                messages.count {
                    $0.hasSuffix("Secret kept still holds what it held, because deletionPolicy is not Delete.")
                } == 1)
            // A rotation reaches neither.
            await bench.mount(["a": "2"], "generation-2")
            try await bench.settle()
            #expect(await bench.secret("t") == nil)
            #expect(await bench.secret("kept") == kept)

            await bench.controller.policy(policy("a"))
            try await bench.settle()
            #expect(await bench.secret("t")?.digests == ["a": bench.digest("2")])
            #expect(await bench.secret("kept")?.digests == ["a": bench.digest("2")])
            #expect(await bench.controller.outcomes.values.allSatisfy { $0.reason == .synced })
        }
    }

    @Test("a target that is not surely ours stays when its distribution is denied", arguments: Foreign.all)
    func leavesForeign(_ foreign: Foreign) async throws {
        let bench = bench()
        await bench.store.put(try bench.distribution(policy: .delete))
        var secret = ObservedTarget(bench.key("t"), of: bench.key("d"))
        foreign.change(&secret)
        secret = await bench.store.put(secret)
        await bench.controller.policy(policy("other"))
        try await bench.working {
            try await bench.tellAll()
            try await bench.settle()
            #expect(await bench.secret("t") == secret)
            #expect(await ready(bench)?.reason == "PolicyDenied")
            #expect(await ready(bench)?.message.contains("still holds what it held") == foreign.isOurs)
        }
    }

    @Test("a target of ours whose label was taken off is found and removed")
    func unlabelled() async throws {
        let bench = bench()
        await bench.store.put(try bench.distribution(policy: .delete))
        var secret = ObservedTarget(bench.key("t"), of: bench.key("d"))
        secret.labels = [:]
        await bench.store.put(secret)
        await bench.controller.policy(policy("other"))
        try await bench.working {
            try await bench.tellAll()
            try await bench.settle()
            #expect(await bench.secret("t") == nil)
        }
    }

    @Test("a target is removed by its distribution as it is, not as it was heard of")
    func judgedAfresh() async throws {
        let bench = bench()
        await bench.store.put(try bench.distribution(policy: .delete, from: ["a"]))
        await bench.controller.policy(policy("a"))
        try await bench.working {
            try await bench.tellAll()
            try await bench.settle()
            // Neither its new source nor its new policy was heard of.
            await bench.store.put(try bench.distribution(policy: .delete, generation: 2, from: ["b"]))
            await bench.mount(["a": "1", "b": "1"], "generation-2")
            await bench.controller.policy(policy("b"))
            try await bench.settle()
            #expect(await !bench.store.calls.contains("delete t"))
            #expect(await bench.secret("t")?.digests == ["b": bench.digest("1")])
            await bench.store.put(try bench.distribution(policy: .retain, generation: 3, from: ["b"]))
            await bench.controller.policy(policy("other"))
            try await bench.settle()
            #expect(await !bench.store.calls.contains("delete t"))
            #expect(await bench.secret("t") != nil)
        }
    }

    @Test("a Secret that became another owner's unheard stays")
    func handedOver() async throws {
        let bench = bench()
        await bench.store.put(try bench.distribution(policy: .delete))
        await bench.controller.policy(policy("a"))
        try await bench.working {
            try await bench.tellAll()
            try await bench.settle()
            var secret = try #require(await bench.secret("t"))
            secret.annotations[Marks.managedBy] = "another"
            await bench.store.put(secret)
            await bench.controller.policy(policy("other"))
            try await bench.settle()
            #expect(await bench.secret("t")?.managedBy == "another")
        }
    }

    @Test("a removal that is refused is reported, and one that fails for now is tried again")
    func removalFails() async throws {
        let bench = bench()
        await bench.store.put(try bench.distribution(policy: .delete))
        await bench.controller.policy(policy("a"))
        try await bench.working {
            try await bench.tellAll()
            try await bench.settle()
            await bench.store.fail(
                .delete,
                [
                    .unavailable("the server sleeps", retryAfter: nil), .changed("somebody writes"),
                    .forbidden("secrets may not be deleted"),
                ])
            await bench.controller.policy(policy("other"))
            try #require(
                await eventually { await ready(bench)?.message.contains("secrets may not be deleted") == true })
            #expect(await ready(bench)?.reason == "PolicyDenied")
            #expect(
                await ready(bench)?.message.hasSuffix(
                    "Secret t still holds what it held: secrets may not be deleted.") == true)
            #expect(await bench.secret("t") != nil)
            #expect(await bench.store.calls.count { $0 == "delete t" } == 3)
        }
    }

    @Test("what was denied while it was written is not written when that is tried again")
    func deniedDuringWrite() async throws {
        let bench = bench()
        await bench.store.put(try bench.distribution())
        await bench.controller.policy(policy("a"))
        await bench.store.hold()
        try await bench.working {
            try await bench.tellAll()
            try await bench.waitForWrites(1)
            // It is in the way of the create that is under way.
            let secret = await bench.store.put(ObservedTarget(bench.key("t"), of: bench.key("d")))
            await bench.controller.policy(policy("other"))
            await bench.store.release()
            try await bench.settle()
            #expect(await bench.secret("t") == secret)
            #expect(await ready(bench)?.reason == "PolicyDenied")
        }
    }

    // MARK: Other targets

    @Test("a former target of a denied distribution stays, and goes once its successor is in line")
    func formerTarget() async throws {
        let bench = bench()
        await bench.store.put(try bench.distribution(policy: .delete))
        await bench.controller.policy(policy("a"))
        try await bench.working {
            try await bench.tellAll()
            try await bench.settle()
            let former = try #require(await bench.secret("t"))
            let renamed = try bench.distribution(target: "u", policy: .delete, generation: 2, from: ["b"])
            await bench.mount(["a": "1", "b": "1"], "generation-2")
            await bench.controller.distributions(.all, .upsert(await bench.store.put(renamed)))
            try await bench.settle()
            #expect(await bench.store.secrets == [bench.key("t"): former])
            await bench.controller.policy(policy("[ab]"))
            try await bench.settle()
            #expect(await bench.store.secrets.keys.map(\.name) == ["u"])
        }
    }

    @Test("a denied distribution keeps its claim: a younger one for the same target neither loses nor writes it")
    func conflict() async throws {
        let bench = bench()
        // The name decides of equal age.
        await bench.store.put(try bench.distribution("older", policy: .delete, uid: "a", from: ["b"]))
        await bench.store.put(try bench.distribution("younger", policy: .delete, uid: "b", from: ["a"]))
        let secret = await bench.store.put(ObservedTarget(bench.key("t"), of: bench.key("younger")))
        await bench.controller.policy(policy("a"))
        try await bench.working {
            try await bench.tellAll()
            try await bench.settle()
            #expect(await bench.secret("t") == secret)
            #expect(await bench.controller.outcomes[bench.key("older")]?.reason == .policyDenied)
            #expect(await bench.controller.outcomes[bench.key("younger")]?.reason == .targetConflict)
        }
    }

    // MARK: No policy

    /// What the policy says of others is none of a tenant's business: it stands in the agent's log.
    @Test("before a first good policy nothing is written and nothing removed, and the status quotes nothing of it")
    func noPolicyYet() async throws {
        let bench = bench()
        await bench.store.put(try bench.distribution(policy: .delete))
        await bench.store.put(try bench.distribution("new", target: "new"))
        let secret = await bench.store.put(ObservedTarget(bench.key("t"), of: bench.key("d")))
        var orphan = ObservedTarget(bench.key("orphan"), of: bench.key("gone"))
        orphan.owners = [.init(apiVersion: Marks.apiVersion, kind: Marks.kind, name: "gone", uid: "gone")]
        orphan = await bench.store.put(orphan)
        await bench.controller.policy(Self.broken)
        try await bench.working {
            try await bench.tellAll()
            try await bench.settle()
            #expect(await bench.store.secrets == [secret.key: secret, orphan.key: orphan])
            for (name, rest) in [("d", " Secret t still holds what it held."), ("new", "")] {
                let ready = await bench.store.distributions[bench.key(name)]?.status.ready
                #expect(ready?.reason == "PolicyDenied")
                #expect(ready?.message == "The access policy cannot be used; the agent's log says why.\(rest)")
            }
            #expect(await bench.controller.unreadiness.count == 1)
            await bench.controller.policy(policy("a"))
            try await bench.settle()
            #expect(await bench.store.secrets.keys.map(\.name).sorted() == ["new", "t"])
            #expect(await bench.secret("t")?.digests == ["a": bench.digest("1")])
            #expect(await bench.controller.unreadiness.isEmpty)
        }
    }

    @Test("one that cannot be used keeps the last good one in force, and the agent is not ready until it can be")
    func lastGoodStays() async throws {
        let log = LineRecorder()
        let bench = bench(log: log)
        await bench.store.put(try bench.distribution(policy: .delete))
        await bench.store.put(try bench.distribution("denied", target: "denied", from: ["b"]))
        await bench.controller.policy(policy("a"))
        try await bench.working {
            try await bench.tellAll()
            try await bench.settle()
            #expect(await bench.controller.unreadiness.isEmpty)
            #expect(log.count("INFO    ready") == 1)
            let calls = await bench.store.calls
            await bench.controller.policy(Self.broken)
            await bench.controller.policy(Self.broken)
            try await bench.settle()
            #expect(await bench.store.calls == calls)
            #expect(
                await bench.controller.unreadiness == [
                    "the access policy cannot be used: policy.yaml:3: spec.mode is \"Off\""
                ])
            #expect(log.count("not ready") == 1)
            await bench.mount(["a": "2", "b": "2"], "generation-2")
            try await bench.settle()
            #expect(await bench.secret("t")?.digests == ["a": bench.digest("2")])
            #expect(await bench.secret("denied") == nil)
            await bench.controller.policy(policy("a"))
            #expect(await bench.controller.unreadiness.isEmpty)
            #expect(log.count("INFO    ready") == 2)
        }
    }

    @Test("a policy that says the same again calls nobody")
    func unchanged() async throws {
        let bench = bench()
        await bench.store.put(try bench.distribution())
        // Looked for at each turn: it may be there without our label.
        await bench.store.put(try bench.distribution("denied", target: "denied", from: ["b"]))
        await bench.controller.policy(policy("a"))
        try await bench.working {
            try await bench.tellAll()
            try await bench.settle()
            let calls = await bench.store.calls
            #expect(calls.contains("observe denied"))
            await bench.controller.policy(policy("a"))
            try await bench.settle()
            #expect(await bench.store.calls == calls)
        }
    }

    // MARK: Audit

    @Test("in audit mode it lets through what it would deny, says so in the status, and once in the log")
    func audits() async throws {
        let log = LineRecorder()
        let bench = bench(log: log)
        await bench.store.put(try bench.distribution(policy: .delete))
        await bench.controller.policy(policy("other", mode: "Audit"))
        try await bench.working {
            try await bench.tellAll()
            try await bench.settle()
            await bench.mount(["a": "2"], "generation-2")
            try await bench.settle()
            #expect(await bench.secret("t")?.digests == ["a": bench.digest("2")])
            #expect(await ready(bench)?.reason == "Synced")
            #expect(
                await ready(bench)?.message
                    == "Secret t holds 1 key from the mount. The access policy would deny namespace \"web\" the source"
                    + " file \"a\".")
            #expect(log.count("access policy audited") == 1)
            // Enforced it takes the target away, and permitting gives it back without a remark.
            await bench.controller.policy(policy("other"))
            try await bench.settle()
            #expect(await bench.secret("t") == nil)
            await bench.controller.policy(policy("a", mode: "Audit"))
            try await bench.settle()
            #expect(await ready(bench)?.message == "Secret t holds 1 key from the mount.")
            await bench.controller.policy(policy("other", mode: "Audit"))
            try await bench.settle()
            #expect(log.count("access policy audited") == 2)
        }
    }

    // MARK: Readiness

    @Test("the agent is ready once mount, lists and policy are known, and says so once")
    func readiness() async throws {
        let log = LineRecorder()
        let bench = bench(log: log)
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
        // What was so at the start is no news; that the Secrets cannot be listed is.
        #expect(log.count("not ready") == 1)
        await bench.controller.policy(policy("a"))
        await bench.mount(["a": "2"])
        await bench.controller.mount(.absent(reason: "gone"))
        #expect(await bench.controller.unreadiness.isEmpty)
        #expect(log.count("INFO    ready") == 1)
    }
}

/// A Secret in the place of a denied distribution's target.
struct Foreign: Sendable, CustomTestStringConvertible {
    let testDescription: String
    /// Marked as this instance's.
    let isOurs: Bool
    let change: @Sendable (inout ObservedTarget) -> Void

    static let all = [
        Foreign(testDescription: "another instance's", isOurs: false) { $0.annotations[Marks.managedBy] = "another" },
        Foreign(testDescription: "nobody's", isOurs: false) { $0.annotations = [:] },
        Foreign(testDescription: "another distribution's", isOurs: true) {
            $0.annotations[Marks.distribution] = "web/other"
        },
        Foreign(testDescription: "adopted, of no distribution", isOurs: true) {
            $0.annotations[Marks.distribution] = nil
        },
        Foreign(testDescription: "adopted, without our label", isOurs: true) {
            $0.annotations[Marks.distribution] = nil
            $0.labels = [:]
        },
        Foreign(testDescription: "on its way out", isOurs: false) { $0.isBeingDeleted = true },
    ]
}
