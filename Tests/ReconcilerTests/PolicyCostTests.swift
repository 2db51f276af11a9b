import Distribution
import TestSupport
import TestTraits
import Testing

@testable import Reconciler
@testable import Stores

@Suite("The cost of the access policy", .endsIfHung)
struct PolicyCostTests {
    private let bench = Bench.policed()

    private func policy() throws -> AccessPolicy {
        guard case .usable(let policy) = Policies.costly() else { throw PolicyError(problem: "none") }
        return policy
    }

    @Test("an evaluation is cached for the mappings, and dropped with the distribution and the policy")
    func verdicts() throws {
        var verdicts = PolicyVerdicts()
        let distribution = try bench.distribution()
        let refusal = Refusal(.policyDenied, "No.")
        #expect(!verdicts.hasVerdict(distribution))
        #expect(verdicts[distribution] != nil, "a target without an evaluation is denied")
        verdicts.keep(nil, of: distribution)
        #expect(verdicts.hasVerdict(distribution) && verdicts[distribution] == nil)
        var again = distribution
        again.resourceVersion = "another"
        again.forceSync = "now"
        #expect(verdicts.hasVerdict(again))
        #expect(!verdicts.hasVerdict(try bench.distribution(from: ["a", "b"])))
        verdicts.keep(refusal, of: distribution)
        #expect(verdicts[distribution] == refusal)
        verdicts.forget(try #require(distribution.target))
        #expect(!verdicts.hasVerdict(distribution))
        verdicts.keep(nil, of: distribution)
        verdicts.forgetAll()
        #expect(!verdicts.hasVerdict(distribution))
    }

    @Test("a cached evaluation does not apply to a file whose name only looks the same")
    func otherSpelling() throws {
        var verdicts = PolicyVerdicts()
        func distribution(_ file: String) throws -> SecretsDistribution {
            try bench.distribution(spec: ["secrets": [["from": .string(file), "to": "key"]]])
        }
        verdicts.keep(nil, of: try distribution("\u{212a}ey"))
        let other = try distribution("Key")
        #expect(!verdicts.hasVerdict(other))
        #expect(verdicts[other] != nil)
    }

    @Test("an evaluation is split into parts, each with a limit and at most one file")
    func parts() throws {
        let policy = try policy()
        var evaluation = policy.evaluation(of: try bench.distribution(spec: Policies.costlySpec(20)))
        let one = policy.evaluation(of: try bench.distribution(spec: Policies.costlySpec(1))).cost
        let budget = 3 * one
        var parts = 1
        while !evaluation.advance(by: budget) { parts += 1 }
        #expect(parts == 7)
        #expect(evaluation.denied.isEmpty)
    }

    @Test("one distribution with many long paths delays no other Secret, and gets its own")
    func others() async throws {
        let costly = try bench.distribution("costly", target: "costly", spec: Policies.costlySpec(100))
        await bench.store.put(costly)
        await bench.controller.policy(Policies.costly())
        try await bench.working {
            try await bench.tellAll()
            for number in 0..<5 {
                let cheap = await bench.store.put(try bench.distribution("cheap", target: "cheap-\(number)"))
                await bench.controller.distributions(.all, .upsert(cheap))
                #expect(await eventually { await bench.secret("cheap-\(number)") != nil })
            }
            #expect(await bench.store.statuses.allSatisfy { $0.key != costly.key })
            let ready = { await bench.store.distributions[costly.key]?.status.ready?.reason }
            #expect(await eventually { await ready() == "SourceNotFound" })
            // A comparison of the target needs no evaluation: it ends at once, and so does the next one.
            await bench.controller.policy(Policies.costly())
            try await bench.runUntilIdle()
        }
    }
}
