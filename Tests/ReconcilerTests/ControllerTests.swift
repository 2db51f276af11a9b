import Distribution
import Planning
import Stores
import TestSupport
import TestTraits
import Testing

@Suite("The controller", .tags(.concurrent), .endsIfHung)
struct ControllerTests {
    @Test("does nothing before mount, distributions and targets are all known", arguments: Bench.Part.allCases)
    func waitsForAll(last: Bench.Part) async throws {
        let bench = Bench()
        await bench.store.put(try bench.distribution())
        try await bench.working {
            for part in Bench.Part.allCases where part != last { try await bench.tell(part) }
            try await bench.runUntilIdle()
            #expect(await bench.store.calls.isEmpty)
            try await bench.tell(last)
            try await bench.runUntilIdle()
            #expect(await bench.store.calls == ["create t", "status d"])
        }
    }

    // MARK: Rotations

    @Test("after a rotation during a write, only the newest generation is written, by one writer")
    func rotationDuringWrite() async throws {
        let bench = Bench()
        await bench.store.put(try bench.distribution())
        await bench.store.hold()
        try await bench.working {
            try await bench.tellAll()
            try await bench.waitForWrites(1)
            await bench.mount(["a": "2"], "generation-2")
            await bench.mount(["a": "3"], "generation-3")
            await bench.store.release()
            try await bench.runUntilIdle()
            let secret = try #require(await bench.secret("t"))
            #expect(secret.digests == ["a": bench.digest("3")])
            #expect(secret.mountGeneration == "generation-3")
            #expect(await bench.store.calls.filter { $0.hasSuffix(" t") } == ["create t", "update t"])
            #expect(await bench.store.mostOfOneKey == 1)
            #expect(await bench.store.distributions[bench.key("d")]?.status.mountGeneration == "generation-3")
        }
    }

    @Test("a rotation without relevant changes queues no target")
    func unchangedRotation() async throws {
        let bench = Bench()
        await bench.store.put(try bench.distribution())
        try await bench.working {
            try await bench.tellAll()
            try await bench.runUntilIdle()
            let calls = await bench.store.calls
            await bench.mount(["a": "1"], "generation-2")
            await bench.mount(["a": "1", "unread": "1"], "generation-3")
            try await bench.runUntilIdle()
            #expect(await bench.store.calls == calls)
        }
    }

    @Test("an absent mount changes nothing")
    func absence() async throws {
        let bench = Bench()
        await bench.store.put(try bench.distribution())
        try await bench.working {
            try await bench.tellAll()
            try await bench.runUntilIdle()
            let (calls, secret) = (await bench.store.calls, await bench.secret("t"))
            await bench.controller.mount(.absent(reason: "gone"))
            try await bench.runUntilIdle()
            // Also in a full comparison: the last generation is kept.
            try await bench.tell(.targets)
            try await bench.runUntilIdle()
            #expect(await bench.store.calls == calls)
            #expect(await bench.secret("t") == secret)
        }
    }

    // MARK: Amendments

    @Test(
        "metadata to carry over to a replacement are dropped when the distribution is deleted, replaced or retargeted")
    func replacedMetadata() async throws {
        let bench = Bench()
        let first = await bench.store.put(try bench.distribution())
        try await bench.working {
            try await bench.tellAll()
            try await bench.runUntilIdle()
            #expect(bench.store.forgotten.lines == [])
        }
        // Events alone: the response to a status would bring back what the store has.
        var amended = await bench.store.put(try bench.distribution(generation: 2))
        amended.spec.name = "other"
        await bench.controller.distributions(.all, .upsert(amended))
        #expect(bench.store.forgotten.lines == ["\(first.uid) other"])
        amended.uid = "another"
        await bench.controller.distributions(.all, .upsert(amended))
        #expect(bench.store.forgotten.lines.last == "\(first.uid) ")
        await bench.controller.distributions(.all, .delete(amended))
        #expect(bench.store.forgotten.lines.last == "another ")
        #expect(bench.store.forgotten.lines.count == 3)
    }

    @Test("the status of an old spec is not written to a changed distribution")
    func amendedDuringWrite() async throws {
        let bench = Bench()
        await bench.store.put(try bench.distribution())
        await bench.store.hold()
        try await bench.working {
            try await bench.tellAll()
            try await bench.waitForWrites(1)
            // The new spec has a missing source: the write for the old spec is no news about it.
            let amended = try bench.distribution(generation: 2, from: ["a", "missing"])
            await bench.controller.distributions(.all, .upsert(await bench.store.put(amended)))
            await bench.store.release()
            try await bench.runUntilIdle()
            let statuses = await bench.store.statuses
            #expect(statuses.map(\.generation) == [2])
            #expect(statuses.map(\.status.observedGeneration) == [2])
            #expect(statuses.map(\.status.ready?.reason) == ["SourceNotFound"])
        }
    }

    @Test("a target that is renamed while it is written is removed when the new one is in sync")
    func renamedDuringWrite() async throws {
        let bench = Bench()
        await bench.store.put(try bench.distribution(policy: .delete))
        await bench.store.hold()
        try await bench.working {
            try await bench.tellAll()
            try await bench.waitForWrites(1)
            let renamed = try bench.distribution(target: "u", policy: .delete, generation: 2)
            await bench.controller.distributions(.all, .upsert(await bench.store.put(renamed)))
            try await bench.waitForWrites(2)
            await bench.store.release()
            try await bench.runUntilIdle()
            #expect(await bench.store.secrets.keys.map(\.name) == ["u"])
            let calls = await bench.store.calls
            let (created, deleted) = (calls.firstIndex(of: "create u"), calls.firstIndex(of: "delete t"))
            #expect(try #require(created) < (try #require(deleted)))
            #expect(await bench.store.statuses.allSatisfy { $0.status.observedGeneration == 2 })
        }
    }

    // MARK: Pruning

    @Test("a target is pruned by the current distribution, not the cached one", arguments: FreshDistribution.all)
    func judgedAfresh(_ fresh: FreshDistribution) async throws {
        let bench = Bench()
        let former = await bench.store.put(try bench.distribution(policy: .delete))
        try await bench.working {
            try await bench.tellAll()
            try await bench.runUntilIdle()
            let written = try #require(await bench.secret("t"))
            if let distribution = try fresh.distribution(bench) {
                await bench.store.put(distribution)
            } else {
                await bench.store.remove(former.key)
            }
            // The cache has it as deleted.
            let seen = try #require(await bench.store.lastStatus)
            await bench.controller.distributions(.all, .delete(seen))
            try await bench.runUntilIdle()
            let left = await bench.secret("t")
            switch fresh.expected {
            case .removed: #expect(left == nil)
            case .kept: #expect(left == written)
            case .released:
                #expect(left?.uid == written.uid)
                #expect(left?.owners.isEmpty == true)
            case .adopted:
                #expect(left?.uid == written.uid)
                #expect(left?.distributionOwner?.uid == "another")
            }
            #expect(await bench.store.calls.contains("current d"))
            #expect(await bench.store.calls.contains("delete t") == (fresh.expected == .removed))
        }
    }

    @Test("a former target that waits for its successor is removed with its distribution")
    func removedWhileAwaited() async throws {
        let bench = Bench()
        await bench.store.put(try bench.distribution(policy: .delete))
        try await bench.working {
            let renamed = try await bench.awaitSuccessor()
            #expect(await bench.secret("t") != nil)
            await bench.store.remove(renamed.key)
            await bench.controller.distributions(.all, .delete(renamed))
            try await bench.runUntilIdle()
            #expect(await bench.store.secrets.isEmpty)
        }
    }

    @Test("a distribution that is deleted before a read of it returns stays deleted, and its former target is removed")
    func deletedWhileAsked() async throws {
        let bench = Bench()
        await bench.store.put(try bench.distribution(policy: .delete))
        try await bench.working {
            try await bench.tellAll()
            try await bench.runUntilIdle()
            await bench.store.holdReads()
            let renamed = await bench.store.put(
                try bench.distribution(target: "u", policy: .delete, generation: 2, from: ["missing"]))
            await bench.controller.distributions(.all, .upsert(renamed))
            try #require(await eventually { await bench.store.heldReads == 1 })
            await bench.store.remove(renamed.key)
            await bench.controller.distributions(.all, .delete(renamed))
            await bench.store.release()
            try await bench.runUntilIdle()
            #expect(await bench.store.secrets.isEmpty)
        }
    }

    @Test("a Secret that is deleted before a read of it returns is written again")
    func secretDeletedWhileAsked() async throws {
        let bench = Bench()
        await bench.store.put(try bench.distribution())
        try await bench.working {
            try await bench.tellAll()
            try await bench.runUntilIdle()
            let written = try #require(await bench.secret("t"))
            await bench.store.holdReads()
            var distribution = try #require(await bench.store.lastStatus)
            distribution.forceSync = "now"
            await bench.controller.distributions(.all, .upsert(await bench.store.put(distribution)))
            try #require(await eventually { await bench.store.heldReads == 1 })
            await bench.store.lose(written.key)
            await bench.controller.targets(.all, .delete(written))
            await bench.store.release()
            try await bench.rest()
            #expect(await bench.secret("t")?.digests == written.digests)
        }
    }

    // MARK: The queue

    @Test("at most two thirds of MAX_IN_FLIGHT targets of one namespace are written at once")
    func bounded() async throws {
        let bench = Bench(maxInFlight: 3)
        for number in 1...5 { await bench.store.put(try bench.distribution("d\(number)", target: "t\(number)")) }
        await bench.store.hold()
        try await bench.working {
            try await bench.tellAll()
            try await bench.waitForWrites(2)
            await bench.store.release()
            try await bench.runUntilIdle()
            #expect(await bench.store.mostAtOnce == 2)
            #expect(await bench.store.secrets.count == 5)
        }
    }

    @Test(
        "stop lets the write in flight finish, and its status if there is time, and starts no other",
        arguments: [(time: Duration.seconds(900), statuses: ["Synced"]), (.zero, [])])
    func stops(time: Duration, statuses: [String]) async throws {
        let bench = Bench(maxInFlight: 1) { $0.drainTimeout = time }
        for number in 1...3 { await bench.store.put(try bench.distribution("d\(number)", target: "t\(number)")) }
        await bench.store.hold()
        try await bench.working {
            try await bench.tellAll()
            try await bench.waitForWrites(1)
            bench.controller.stop()
            await bench.store.release()
        }
        // `work` has returned.
        #expect(await bench.store.secrets.count == 1)
        #expect(await bench.store.calls.count == 1 + statuses.count)
        #expect(await bench.store.statuses.map(\.status.ready?.reason) == statuses)
    }

    // MARK: One pass

    @Test("a single pass ends when a write keeps failing, and reports it")
    func onePass() async throws {
        let bench = Bench()
        await bench.store.put(try bench.distribution())
        await bench.store.put(try bench.distribution("good", target: "good"))
        let error = StoreError.unavailable("the server sleeps", retryAfter: nil)
        await bench.store.fail(.update, [error, error, error])
        await bench.store.put(ObservedTarget(bench.key("t"), of: bench.key("d")))
        try await bench.tellAll()
        await bench.controller.work(tries: 2)
        #expect(bench.faults.lines == ["Secret web/t: given up after 2 tries"])
        #expect(await bench.controller.outcomes[bench.key("d")]?.reason == .writeFailed)
        #expect(await bench.controller.outcomes[bench.key("good")]?.reason == .synced)
        #expect(await bench.store.calls.count { $0 == "update t" } == 2)
    }

    @Test("a single pass ends at once if there is nothing to do")
    func emptyPass() async throws {
        let bench = Bench()
        try await bench.tellAll()
        await bench.controller.work(tries: 2)
        #expect(bench.faults.lines.isEmpty)
    }
}

/// The actual state of a distribution that is deleted according to the cache, and the expected result for its target.
struct FreshDistribution: Sendable, CustomTestStringConvertible {
    enum Expected {
        case removed, kept, released, adopted
    }

    let testDescription: String
    let expected: Expected
    let distribution: @Sendable (Bench) throws -> SecretsDistribution?

    static let all = [
        FreshDistribution(testDescription: "gone: removed", expected: .removed) { _ in nil },
        FreshDistribution(testDescription: "elsewhere, and it deletes: removed", expected: .removed) {
            try $0.distribution(target: "u", policy: .delete, generation: 2)
        },
        FreshDistribution(testDescription: "elsewhere, and it retains: released", expected: .released) {
            try $0.distribution(target: "u", policy: .retain, generation: 2)
        },
        FreshDistribution(testDescription: "another instance's: kept", expected: .kept) {
            try $0.distribution(target: "u", policy: .delete, generation: 2, assignedTo: "another instance")
        },
        FreshDistribution(testDescription: "made anew for the same target: kept", expected: .adopted) {
            try $0.distribution(policy: .delete, uid: "another")
        },
    ]
}
