import Distribution
import JSON
import Planning
import TestSupport
import TestTraits
import Testing

/// Two agents for one target, as on two nodes or in a rolling update: the behaviour of this agent while its mount is
/// behind.
@Suite("An agent whose mount is behind", .endsIfHung)
struct OlderMountTests {
    private let older = "..2024_05_01_10_00_00.111"
    private let newer = "..2024_05_01_10_00_09.222"
    private let newest = "..2024_05_01_10_00_20.333"

    /// The target as another agent wrote it from `newer`.
    private func written(_ bench: Bench, _ text: String = "2") -> ObservedTarget {
        var target = ObservedTarget(bench.key("t"), of: bench.key("d"))
        target.digests = ["a": bench.digest(text)]
        target.annotations[WellKnownKeys.mountGeneration] = newer
        return target
    }

    /// The calls during `body`.
    private func calls(
        _ bench: Bench, _ files: [String: String], from sources: [String] = ["a"], then: () async throws -> Void = {}
    ) async throws -> [String] {
        await bench.store.put(try bench.distribution(from: sources))
        await bench.store.put(written(bench))
        try await bench.working {
            try await bench.tell(.distributions)
            try await bench.tell(.targets)
            await bench.mount(files, older)
            try await bench.rest()
            try await then()
        }
        return await bench.store.calls
    }

    @Test("keeps the newer content, and leaves its status to the agent that wrote it")
    func leaves() async throws {
        let bench = Bench()
        #expect(try await calls(bench, ["a": "1"]).isEmpty)
        #expect(await bench.controller.outcomes[bench.key("d")]?.reason == .writeFailed)
    }

    @Test("does not report files that only its own mount lacks")
    func lacks() async throws {
        #expect(try await calls(Bench(), ["b": "1"]).isEmpty)
    }

    @Test("does not report a mismatch that only its own mount has")
    func heldBack() async throws {
        #expect(try await calls(Bench(), ["a": ""]).isEmpty)
    }

    @Test("repairs drift, follows edits and reports them at once if its content is current")
    func current() async throws {
        let bench = Bench()
        await bench.store.put(try bench.distribution())
        await bench.store.put(written(bench, "1"))
        try await bench.working {
            try await bench.tell(.distributions)
            try await bench.tell(.targets)
            await bench.mount(["a": "1", "b": "2"], older)
            try await bench.rest()
            // Content edited by hand, and metadata edited by hand.
            for change: (inout ObservedTarget) -> Void in [
                { $0.digests["a"] = bench.digest("by hand") }, { $0.digests["theirs"] = bench.digest("x") },
                { $0.annotations[WellKnownKeys.distribution] = nil }, { $0.digests = [:] },
            ] {
                var target = try #require(await bench.secret("t"))
                change(&target)
                await bench.controller.targets(.all, .upsert(await bench.store.put(target)))
                try await bench.rest()
                #expect(await bench.secret("t")?.digests == ["a": bench.digest("1")])
                #expect(await bench.secret("t")?.distribution == bench.key("d"))
            }
            // Another source, an additional one, and another type.
            var generation = 1
            for (files, amendment): ([String], JSONValue) in [
                (["b"], [:]), (["a", "b"], [:]), (["a"], ["type": "example.org/other"]),
                (["a"], ["metadata": ["labels": ["team": "blue"]]]),
            ] {
                generation += 1
                let amended = try bench.distribution(generation: generation, from: files, spec: amendment)
                var next = await bench.store.put(amended)
                next.status = try #require(await bench.store.lastStatus).status
                await bench.controller.distributions(.all, .upsert(await bench.store.put(next)))
                try await bench.rest()
                #expect(await bench.secret("t").map { Set($0.digests.keys) } == Set(files))
                let current = generation
                #expect(
                    await eventually {
                        let status = await bench.store.lastStatus?.status
                        return status?.ready?.reason == "Synced" && status?.observedGeneration == current
                    })
            }
            #expect(await bench.secret("t")?.labels["team"] == "blue")
        }
    }

    @Test("corrects the metadata of newer content, and values that are equal in both mounts")
    func metadata() async throws {
        let bench = Bench()
        await bench.store.put(try bench.distribution(from: ["a", "b"]))
        var target = written(bench)
        target.digests["b"] = bench.digest("same")
        await bench.store.put(target)
        try await bench.working {
            try await bench.tell(.distributions)
            try await bench.tell(.targets)
            await bench.mount(["a": "1", "b": "same"], older)
            try await bench.rest()
            target = try #require(await bench.secret("t"))
            target.digests["b"] = bench.digest("by hand")
            target.annotations[WellKnownKeys.distribution] = "by hand"
            await bench.controller.targets(.all, .upsert(await bench.store.put(target)))
            try await bench.rest()
        }
        let secret = try #require(await bench.secret("t"))
        #expect(secret.digests == ["a": bench.digest("2"), "b": bench.digest("same")])
        #expect(secret.distribution == bench.key("d") && secret.mountGeneration == newer)
        #expect(await bench.store.calls == ["current d", "update t"])
    }

    @Test("does not write a mapping that was added since then: all values are from one generation")
    func amended() async throws {
        #expect(try await calls(Bench(), ["a": "1", "b": "1"], from: ["a", "b"]).isEmpty)
    }

    @Test("writes again when its mount is the newer one, even if the file did not change there")
    func catchesUp() async throws {
        let bench = Bench()
        let calls = try await calls(bench, ["a": "1"]) {
            await bench.mount(["a": "1"], newest)
            try await bench.rest()
        }
        #expect(calls == ["update t", "status d"])
        #expect(await bench.secret("t")?.mountGeneration == newest)
    }

    @Test("reports problems of the distribution itself, which no mount can fix")
    func invalid() async throws {
        let bench = Bench()
        let calls = try await calls(bench, ["a": "1"]) {
            let amended = try bench.distribution(generation: 2, from: ["../a"])
            await bench.controller.distributions(.all, .upsert(await bench.store.put(amended)))
            try await bench.rest()
        }
        #expect(calls == ["status d"])
        #expect(await bench.store.lastStatus?.status.ready?.reason == "InvalidSpec")
    }

    @Test("reports that it stays behind, and still writes nothing")
    func staysBehind() async throws {
        let bench = Bench { $0.staleMountGrace = .milliseconds(10) }
        let calls = try await calls(bench, ["a": "1"]) {
            // Without any event.
            #expect(await eventually { await bench.store.lastStatus != nil })
            try await bench.rest()
        }
        #expect(calls == ["status d"])
        let ready = await bench.store.lastStatus?.status.ready
        #expect(ready?.reason == "WriteFailed")
        #expect(ready?.message.contains("the mount here holds an older one, \(older)") == true)
    }

    @Test("does not write outdated content if the target turns out to be another agent's")
    func caughtUpMeanwhile() async throws {
        let bench = Bench()
        await bench.store.put(try bench.distribution())
        try await bench.working {
            try await bench.tell(.distributions)
            try await bench.tell(.targets)
            await bench.store.hold()
            await bench.mount(["a": "1"], older)
            try await bench.waitForWrites(1)
            await bench.store.put(written(bench))
            await bench.mount(["a": "3"], newest)
            await bench.store.release()
            try await bench.rest()
            #expect(await bench.store.calls == ["create t", "observe t", "current d", "update t", "status d"])
            #expect(await bench.secret("t")?.digests == ["a": bench.digest("3")])
        }
    }

    @Test("creates a missing target")
    func makes() async throws {
        let bench = Bench()
        let calls = try await calls(bench, ["a": "1"]) {
            let target = try #require(await bench.secret("t"))
            try await bench.store.delete(target)
            await bench.controller.targets(.all, .delete(target))
            try await bench.rest()
        }
        #expect(calls == ["delete t", "current d", "create t", "status d"])
    }

    @Test("returns to an earlier generation of its own mount if that returns")
    func goesBack() async throws {
        let bench = Bench()
        await bench.store.put(try bench.distribution())
        try await bench.working {
            try await bench.tell(.distributions)
            try await bench.tell(.targets)
            await bench.mount(["a": "2"], newer)
            try await bench.rest()
            await bench.mount(["a": "1"], older)
            try await bench.rest()
        }
        #expect(await bench.secret("t")?.digests == ["a": bench.digest("1")])
    }

    /// Each agent would treat the other's status as an error to correct.
    @Test("does not overwrite statuses in turns with another agent")
    func statusesInTurns() async throws {
        let bench = Bench()
        await bench.store.put(try bench.distribution(from: ["missing"]))
        await bench.store.put(try bench.distribution("marker", target: "m", from: ["m"]))
        try await bench.working {
            try await bench.tell(.distributions)
            try await bench.tell(.targets)
            await bench.mount(["m": "0"])
            for round in 0...5 {
                try #require(
                    await eventually {
                        let isWritten = await bench.secret("m")?.digests["m"] == bench.digest("\(round)")
                        return isWritten ? await bench.rests : false
                    })
                var other = try #require(await bench.store.distributions[bench.key("d")])
                other.status.statusText = "Something else."
                await bench.controller.distributions(.all, .upsert(await bench.store.put(other)))
                await bench.mount(["m": "\(round + 1)"], "generation-\(round)")
            }
        }
        #expect(await bench.store.calls.filter { $0 == "status d" }.count == 2)
    }
}
