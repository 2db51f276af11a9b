import DistributionSupport
import JSON
import Stores
import TestSupport
import TestTraits
import Testing

@testable import Distribution
@testable import Planning
@testable import Reconciler

@Suite("The controller with generated values", .tags(.concurrent), .endsIfHung)
struct GenerateTests {
    private func entries(_ kind: String, rotate: String = "", besides files: [String] = ["a"]) -> JSONValue {
        let generated: JSONValue = [
            "to": "key", "generate": ["kind": .string(kind), "rotate": .string(rotate)],
        ]
        return ["secrets": .array(files.map { ["from": .string($0), "to": .string($0)] } + [generated])]
    }

    private func value(_ bench: Bench) async -> Int? { await bench.secret("t")?.digests["key"]?.hashValue }

    @Test("keeps an RSA key pair until it is stored: a refused write does not cause another one")
    func refusedWrite() async throws {
        let bench = Bench()
        await bench.store.put(try bench.distribution(spec: entries("RSA")))
        await bench.store.fail(
            .create, Array(repeating: .unavailable("the quota is used up", retryAfter: nil), count: 3))
        try await bench.working {
            try await bench.tellAll()
            try #require(await eventually { await bench.store.calls.contains("create t") })
            let first = await bench.controller.keyPairCount
            try #require(await eventually { await bench.secret("t") != nil })
            try await bench.runUntilIdle()
            #expect(first == 1)
            #expect(await bench.store.calls.count { $0 == "create t" } == 4)
            // Stored, so it is not kept.
            #expect(await bench.controller.keyPairCount == 0)
        }
    }

    @Test("does not let a target wait for another target's RSA key pairs")
    func fairness() async throws {
        let bench = Bench(maxInFlight: 1)
        let many: JSONValue = .array(
            (0..<5).map { ["to": .string("k\($0)"), "generate": ["kind": "RSA", "size": 4096]] })
        await bench.store.put(try bench.distribution("slow", target: "slow", uid: "s", spec: ["secrets": many]))
        await bench.store.put(try bench.distribution("z", target: "z", uid: "z"))
        try await bench.working {
            try await bench.tellAll()
            try #require(await eventually { await bench.secret("z") != nil })
            #expect(await bench.secret("slow") == nil)
        }
    }

    /// Another agent has stored a value for a newer version of the distribution.
    @Test(
        "reads the distribution again before it would remove or replace a generated value",
        arguments: ["removed", "rotated"])
    func outdated(_ change: String) async throws {
        let bench = Bench()
        let new = try bench.distribution(generation: 2, spec: entries("Password", rotate: "2"))
        let old =
            change == "removed"
            ? try bench.distribution() : try bench.distribution(spec: entries("Password", rotate: "1"))
        await bench.store.put(old)
        try await bench.working {
            try await bench.tellAll()
            try await bench.runUntilIdle()
            // The other agent's work: the events about the Secret arrive first.
            var target = try #require(await bench.secret("t"))
            target.digests["key"] = bench.digest("theirs")
            var records = GeneratedRecords()
            records["key"] = .init(GeneratedValue(kind: .password, size: 32, rotate: "2"), at: "2026-01-01T00:00:00Z")
            target.annotations[WellKnownKeys.generated] = records.text
            let edited = await bench.store.put(new)
            let stored = await bench.store.put(target)
            await bench.controller.targets(.all, .upsert(stored))
            try await bench.runUntilIdle()
            #expect(await bench.secret("t")?.digests["key"] == bench.digest("theirs"))
            await bench.controller.distributions(.all, .upsert(edited))
            try await bench.runUntilIdle()
            #expect(await bench.secret("t")?.digests["key"] == bench.digest("theirs"))
        }
    }

    @Test("generates nothing for a Secret that it may not write")
    func notWritten() async throws {
        let bench = Bench()
        await bench.store.put(
            try bench.distribution(from: ["a", "missing"], spec: entries("RSA", besides: ["missing"])))
        await bench.store.put(try bench.distribution("f", target: "foreign", uid: "f", spec: entries("Password")))
        await bench.store.put(ObservedTarget(key: bench.key("foreign"), uid: "u", resourceVersion: "1", type: "Opaque"))
        try await bench.working {
            try await bench.tellAll()
            try await bench.rest()
            #expect(await bench.store.secrets.count == 1)
            #expect(await bench.controller.keyPairCount == 0)
            #expect(await bench.secret("foreign")?.digests == [:])
        }
    }

    @Test("keeps a value through a restart and a change of type, and reports a lost one")
    func lifetime() async throws {
        let store = FakeStore()
        let first = Bench(on: store)
        await store.put(try first.distribution(spec: entries("Password")))
        try await first.working {
            try await first.tellAll()
            try await first.runUntilIdle()
        }
        let value = try #require(await self.value(first))
        let second = Bench(on: store)
        var typed = try second.distribution(generation: 2, spec: entries("Password").merging(["type": "a/b"]))
        typed.status = try #require(await store.distributions[typed.key]?.status)
        await store.put(typed)
        try await second.working {
            try await second.tellAll()
            try await second.runUntilIdle()
            #expect(await second.secret("t")?.type == "a/b")
            #expect(await self.value(second) == value)
            let gone = try #require(await second.secret("t"))
            await store.lose(gone.key)
            await second.controller.targets(.all, .delete(gone))
            try await second.runUntilIdle()
            #expect(await self.value(second) != value)
            let message = await store.lastStatus?.status.ready?.message ?? ""
            #expect(message.contains("key was generated again, because the Secret had lost it, at "), "\(message)")
        }
    }
}

extension Controller {
    /// The number of targets whose key pairs are kept.
    fileprivate var keyPairCount: Int { keyPairs.count }
}
