import Distribution
import Planning
import TestSupport
import TestTraits
import Testing

/// Targets that the policy denies.
@Suite("A permission that is revoked", .endsIfHung)
struct PolicyRemovalTests {
    @Test("a target without permission is deleted with the policy Delete, and kept with Retain")
    func loses() async throws {
        let bench = Bench.policed()
        await bench.store.put(try bench.distribution(policy: .delete))
        await bench.store.put(try bench.distribution("kept", target: "kept"))
        await bench.controller.policy(Policies.policy("*"))
        try await bench.working {
            try await bench.tellAll()
            try await bench.runUntilIdle()
            let kept = try #require(await bench.secret("kept"))
            #expect(await bench.secret("t") != nil)
            await bench.controller.policy(Policies.policy("other"))
            try await bench.runUntilIdle()
            #expect(await bench.secret("t") == nil)
            #expect(await bench.secret("kept") == kept)
            let messages = await bench.store.distributions.values.map { $0.status.ready?.message ?? "" }
            #expect(messages.allSatisfy { $0.contains("denies namespace \"web\" the source file \"a\".") })
            #expect(
                messages.count {
                    $0.hasSuffix("Secret kept keeps its content, because deletionPolicy is not Delete.")
                } == 1)
            // A rotation changes neither.
            await bench.mount(["a": "2"], "generation-2")
            try await bench.runUntilIdle()
            #expect(await bench.secret("t") == nil)
            #expect(await bench.secret("kept") == kept)

            await bench.controller.policy(Policies.policy("a"))
            try await bench.runUntilIdle()
            #expect(await bench.secret("t")?.digests == ["a": bench.digest("2")])
            #expect(await bench.secret("kept")?.digests == ["a": bench.digest("2")])
            #expect(await bench.controller.outcomes.values.allSatisfy { $0.reason == .synced })
        }
    }

    @Test("a target that may not be ours is kept when its distribution is denied", arguments: Foreign.all)
    func leavesForeign(_ foreign: Foreign) async throws {
        let bench = Bench.policed()
        await bench.store.put(try bench.distribution(policy: .delete))
        var secret = ObservedTarget(bench.key("t"), of: bench.key("d"))
        foreign.change(&secret)
        secret = await bench.store.put(secret)
        await bench.controller.policy(Policies.policy("other"))
        try await bench.working {
            try await bench.tellAll()
            try await bench.runUntilIdle()
            #expect(await bench.secret("t") == secret)
            #expect(await bench.ready?.reason == "PolicyDenied")
            #expect(await bench.ready?.message.contains("keeps its content") == foreign.isOurs)
        }
    }

    @Test("a target of ours without its label is found and removed")
    func unlabelled() async throws {
        let bench = Bench.policed()
        await bench.store.put(try bench.distribution(policy: .delete))
        var secret = ObservedTarget(bench.key("t"), of: bench.key("d"))
        secret.labels = [:]
        await bench.store.put(secret)
        await bench.controller.policy(Policies.policy("other"))
        try await bench.working {
            try await bench.tellAll()
            try await bench.runUntilIdle()
            #expect(await bench.secret("t") == nil)
        }
    }

    @Test("a target is removed according to the current distribution, not the cached one")
    func judgedAfresh() async throws {
        let bench = Bench.policed()
        await bench.store.put(try bench.distribution(policy: .delete, from: ["a"]))
        await bench.controller.policy(Policies.policy("a"))
        try await bench.working {
            try await bench.tellAll()
            try await bench.runUntilIdle()
            // Neither its new source nor its new policy is in the cache.
            await bench.store.put(try bench.distribution(policy: .delete, generation: 2, from: ["b"]))
            await bench.mount(["a": "1", "b": "1"], "generation-2")
            await bench.controller.policy(Policies.policy("b"))
            try await bench.runUntilIdle()
            #expect(await !bench.store.calls.contains("delete t"))
            #expect(await bench.secret("t")?.digests == ["b": bench.digest("1")])
            await bench.store.put(try bench.distribution(policy: .retain, generation: 3, from: ["b"]))
            await bench.controller.policy(Policies.policy("other"))
            try await bench.runUntilIdle()
            #expect(await !bench.store.calls.contains("delete t"))
            #expect(await bench.secret("t") != nil)
        }
    }

    @Test("a distribution that is deleted before a read of it returns is forgotten")
    func deletedWhileAsked() async throws {
        let bench = Bench.policed()
        let denied = await bench.store.put(try bench.distribution(policy: .delete))
        await bench.controller.policy(Policies.policy("a"))
        try await bench.working {
            try await bench.tellAll()
            try await bench.runUntilIdle()
            await bench.store.holdReads()
            await bench.controller.policy(Policies.policy("other"))
            // The Secret is read first.
            try #require(await eventually { await bench.store.heldReads == 1 })
            await bench.store.answerReads()
            try #require(await eventually { await bench.store.heldReads == 2 })
            await bench.store.remove(denied.key)
            await bench.controller.distributions(.all, .delete(denied))
            await bench.store.release()
            try await bench.runUntilIdle()
            #expect(await bench.secret("t") == nil)
            // The server would reject a status for it, and the agent would retry forever.
            #expect(await bench.store.calls.count { $0 == "status d" } == 1)
        }
    }

    @Test("a Secret that was handed to another owner without an event is kept")
    func handedOver() async throws {
        let bench = Bench.policed()
        await bench.store.put(try bench.distribution(policy: .delete))
        await bench.controller.policy(Policies.policy("a"))
        try await bench.working {
            try await bench.tellAll()
            try await bench.runUntilIdle()
            var secret = try #require(await bench.secret("t"))
            secret.annotations[WellKnownKeys.managedBy] = "another"
            await bench.store.put(secret)
            await bench.controller.policy(Policies.policy("other"))
            try await bench.runUntilIdle()
            #expect(await bench.secret("t")?.managedBy == "another")
        }
    }

    @Test("a rejected removal is reported, and a temporary failure is retried")
    func removalFails() async throws {
        let bench = Bench.policed()
        await bench.store.put(try bench.distribution(policy: .delete))
        await bench.controller.policy(Policies.policy("a"))
        try await bench.working {
            try await bench.tellAll()
            try await bench.runUntilIdle()
            await bench.store.fail(
                .delete,
                [
                    .unavailable("the server sleeps", retryAfter: nil), .changed("somebody writes"),
                    .forbidden("secrets may not be deleted"),
                ])
            await bench.controller.policy(Policies.policy("other"))
            try #require(
                await eventually { await bench.ready?.message.contains("secrets may not be deleted") == true })
            #expect(await bench.ready?.reason == "PolicyDenied")
            #expect(
                await bench.ready?.message.hasSuffix(
                    "Secret t keeps its content: secrets may not be deleted.") == true)
            #expect(await bench.secret("t") != nil)
            #expect(await bench.store.calls.count { $0 == "delete t" } == 3)
        }
    }

    @Test("a target that is denied while it is written is not written again")
    func deniedDuringWrite() async throws {
        let bench = Bench.policed()
        await bench.store.put(try bench.distribution())
        await bench.controller.policy(Policies.policy("a"))
        await bench.store.hold()
        try await bench.working {
            try await bench.tellAll()
            try await bench.waitForWrites(1)
            // It conflicts with the create in flight.
            let secret = await bench.store.put(ObservedTarget(bench.key("t"), of: bench.key("d")))
            await bench.controller.policy(Policies.policy("other"))
            await bench.store.release()
            try await bench.runUntilIdle()
            #expect(await bench.secret("t") == secret)
            #expect(await bench.ready?.reason == "PolicyDenied")
        }
    }

    @Test("a former target of a denied distribution is kept, and removed when its successor is in sync")
    func formerTarget() async throws {
        let bench = Bench.policed()
        await bench.store.put(try bench.distribution(policy: .delete))
        await bench.controller.policy(Policies.policy("a"))
        try await bench.working {
            try await bench.tellAll()
            try await bench.runUntilIdle()
            let former = try #require(await bench.secret("t"))
            let renamed = try bench.distribution(target: "u", policy: .delete, generation: 2, from: ["b"])
            await bench.mount(["a": "1", "b": "1"], "generation-2")
            await bench.controller.distributions(.all, .upsert(await bench.store.put(renamed)))
            try await bench.runUntilIdle()
            #expect(await bench.store.secrets == [bench.key("t"): former])
            await bench.controller.policy(Policies.policy("[ab]"))
            try await bench.runUntilIdle()
            #expect(await bench.store.secrets.keys.map(\.name) == ["u"])
        }
    }

    @Test("a denied distribution keeps its claim: a younger one for the same target neither loses nor writes it")
    func conflict() async throws {
        let bench = Bench.policed()
        // Of the same age, the smaller name has priority.
        await bench.store.put(try bench.distribution("older", policy: .delete, uid: "a", from: ["b"]))
        await bench.store.put(try bench.distribution("younger", policy: .delete, uid: "b", from: ["a"]))
        let secret = await bench.store.put(ObservedTarget(bench.key("t"), of: bench.key("younger")))
        await bench.controller.policy(Policies.policy("a"))
        try await bench.working {
            try await bench.tellAll()
            try await bench.runUntilIdle()
            #expect(await bench.secret("t") == secret)
            #expect(await bench.controller.outcomes[bench.key("older")]?.reason == .policyDenied)
            #expect(await bench.controller.outcomes[bench.key("younger")]?.reason == .targetConflict)
        }
    }
}

/// A Secret in the place of a denied distribution's target.
struct Foreign: Sendable, CustomTestStringConvertible {
    let testDescription: String
    /// Marked as that of this instance.
    let isOurs: Bool
    let change: @Sendable (inout ObservedTarget) -> Void

    static let all = [
        Foreign(testDescription: "another instance's", isOurs: false) {
            $0.annotations[WellKnownKeys.managedBy] = "another"
        },
        Foreign(testDescription: "nobody's", isOurs: false) { $0.annotations = [:] },
        Foreign(testDescription: "another distribution's", isOurs: true) {
            $0.annotations[WellKnownKeys.distribution] = "web/other"
        },
        Foreign(testDescription: "adopted, of no distribution", isOurs: true) {
            $0.annotations[WellKnownKeys.distribution] = nil
        },
        Foreign(testDescription: "adopted, without our label", isOurs: true) {
            $0.annotations[WellKnownKeys.distribution] = nil
            $0.labels = [:]
        },
        Foreign(testDescription: "on its way out", isOurs: false) { $0.isBeingDeleted = true },
    ]
}
