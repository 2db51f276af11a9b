import TestSupport
import TestTraits
import Testing

@testable import Reconciler

/// State about an object is dropped with the object, whenever that happens.
@Suite("The state that the controller keeps", .endsIfHung)
struct StateCleanupTests {
    @Test("of a Secret that waits for its successor is dropped when the Secret is deleted")
    func awaited() async throws {
        let bench = Bench()
        await bench.store.put(try bench.distribution(policy: .delete))
        try await bench.working {
            _ = try await bench.awaitSuccessor()
            #expect(await bench.controller.statusRecords.awaited == [bench.key("t")])
            let target = try #require(await bench.secret("t"))
            await bench.store.lose(target.key)
            await bench.controller.targets(.all, .delete(target))
            try await bench.runUntilIdle()
            #expect(await bench.controller.statusRecords.awaited.isEmpty)
        }
    }

    @Test("of a status is dropped with its distribution, even if that is deleted while the status is written")
    func said() async throws {
        let bench = Bench()
        let distribution = await bench.store.put(try bench.distribution())
        try await bench.working {
            await bench.store.holdAnswers()
            try await bench.tellAll()
            try #require(await eventually { await bench.store.lastStatus != nil })
            await bench.store.remove(distribution.key)
            await bench.controller.distributions(.all, .delete(distribution))
            await bench.store.release()
            try await bench.runUntilIdle()
            #expect(await bench.controller.statuses.written.isEmpty)
        }
    }
}
