import TestSupport
import TestTraits
import Testing

/// What is remembered of an object goes with it, whenever that happens.
@Suite("What the controller remembers", .endsIfHung)
struct ForgottenTests {
    @Test("of a Secret that waits for its successor goes when the Secret is deleted")
    func awaited() async throws {
        let bench = Bench()
        await bench.store.put(try bench.distribution(policy: .delete))
        try await bench.working {
            _ = try await bench.awaitSuccessor()
            #expect(await bench.controller.awaited == [bench.key("d"): [bench.key("t")]])
            let target = try #require(await bench.secret("t"))
            await bench.store.lose(target.key)
            await bench.controller.targets(.all, .delete(target))
            try await bench.settle()
            #expect(await bench.controller.awaited.isEmpty)
        }
    }

    @Test("of a status goes with its distribution, also if that is deleted while the status is written")
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
            try await bench.settle()
            #expect(await bench.controller.said.isEmpty)
        }
    }
}
