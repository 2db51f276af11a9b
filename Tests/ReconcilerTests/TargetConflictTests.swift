import Distribution
import Kube
import TestSupport
import TestTraits
import Testing

@testable import Reconciler
@testable import Stores

@Suite("Several distributions for one Secret", .tags(.concurrent), .endsIfHung)
struct TargetConflictTests {
    private let bench = Bench()

    private func distribution(
        _ name: String, createdAt: String, for instance: String? = nil
    ) throws -> SecretsDistribution {
        var distribution = try bench.distribution(name, uid: name, assignedTo: instance)
        distribution.createdAt = createdAt
        return distribution
    }

    private func outcome(_ name: String) async -> String {
        let outcome = await bench.controller.outcomes[bench.key(name)]
        guard outcome?.reason == .targetConflict else { return outcome?.reason.rawValue ?? "none" }
        let words = outcome?.message.split(separator: " ").map { $0.filter { $0 != "," } } ?? []
        return words.firstIndex(of: "SecretsDistribution").map { words[$0 + 1] } ?? "nobody"
    }

    private func outcomes() async -> [String] {
        [await outcome("a"), await outcome("b"), await outcome("c")]
    }

    @Test("report the winner, and report again when another one wins")
    func winners() async throws {
        for (name, time) in [("a", "2"), ("b", "3"), ("c", "1")] {
            await bench.store.put(try distribution(name, createdAt: time))
        }
        try await bench.working {
            try await bench.tellAll()
            try await bench.runUntilIdle()
            #expect(await outcomes() == ["c", "c", "Synced"])
            // Handed over to another instance, and back.
            let other = await bench.store.put(try distribution("c", createdAt: "1", for: "another"))
            await bench.controller.distributions(.all, .upsert(other))
            try await bench.runUntilIdle()
            #expect(await outcomes().prefix(2) == ["Synced", "a"])
            let ours = await bench.store.put(try distribution("c", createdAt: "1", for: "me"))
            await bench.controller.distributions(.all, .upsert(ours))
            try await bench.runUntilIdle()
            #expect(await outcomes() == ["c", "c", "Synced"])
            await bench.controller.distributions(.all, .delete(ours))
            try await bench.runUntilIdle()
            #expect(await outcomes().prefix(2) == ["Synced", "a"])
            let stored = try #require(await bench.store.distributions[bench.key("b")]?.status.ready)
            #expect(stored.reason == "TargetConflict" && stored.message.contains("SecretsDistribution a,"))
        }
    }

    @Test("that get another one report the conflict only in its status")
    func event() throws {
        var cache = Cache(scopes: [.all], hasPolicy: false, staleAfter: .seconds(1), isOurs: { _ in true })
        let all = try (0..<100).map { try distribution("d-\($0)", createdAt: "1") }
        _ = cache.apply(.distributions(.all, .replace(all)), at: .now, .now())
        #expect(cache.items(in: .all).count == 101)
        let change = cache.apply(
            .distributions(.all, .upsert(try distribution("late", createdAt: "2"))), at: .now, .now())
        #expect(change.statuses == [bench.key("late")] && change.targets == [bench.key("t")])
    }

    @Test("have their statuses updated once for each change of the winner")
    func notes() {
        var notes = TargetRecords()
        let (target, one, other) = (bench.key("t"), bench.key("one"), bench.key("other"))
        let changes = [one, one, other, other, nil, nil, one].map { notes.replaceWinner(of: target, by: $0) }
        #expect(changes == [true, false, true, false, false, false, true])
    }
}
