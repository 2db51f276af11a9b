import Dispatch
import Distribution
import TestSupport
import TestTraits
import Testing

@testable import KubeRuntime
@testable import Reconciler
@testable import Stores

@Suite("A slow policy evaluation runs beside the queue", .tags(.concurrent), .endsIfHung)
struct PolicyEvaluationTests {
    private let bench = Bench.policed()

    /// Forty distributions, with so many paths that all evaluations together take much longer than anything else here.
    private func putCostly() async throws {
        for number in 0..<40 {
            let name = "costly-\(number)"
            await bench.store.put(
                try bench.distribution(name, target: name, uid: name, spec: Policies.costlySpec(300)))
        }
        await bench.controller.policy(Policies.costly())
    }

    @Test("a target that waits for an evaluation takes no place, and the end of the work does not wait for it")
    func places() async throws {
        try await putCostly()
        try await bench.working {
            try await bench.tellAll()
            #expect(await eventually { await (bench.waiting ?? 0 > 30, bench.rests) == (true, true) })
            #expect(bench.controller.isIdle == false)
        }
        #expect(try #require(await bench.waiting) > 0)
    }

    @Test("the first pass is done when each key was processed once, although evaluations are pending")
    func start() async throws {
        try await putCostly()
        try await bench.working {
            try await bench.tellAll()
            #expect(await eventually { bench.controller.probes.hasStarted })
            #expect(try #require(await bench.waiting) > 0)
        }
    }

    @Test("a follower is ready although evaluations are pending")
    func follower() async throws {
        let bench = Bench(leadership: Leadership()) { $0.hasPolicy = true }
        await bench.store.put(try bench.distribution(spec: Policies.costlySpec(300)))
        await bench.controller.policy(Policies.costly())
        try await bench.tellAll()
        #expect(bench.controller.probes.hasStarted)
    }

    @Test("a rotation is not complete while a target waits for an evaluation: the write that follows is counted")
    func rotation() async throws {
        let spec = Policies.costlySpec(100)
        let paths = spec["secrets"]?.array?.compactMap { $0["from"]?.string } ?? []
        let files = { (content: String) in Dictionary(uniqueKeysWithValues: paths.map { ($0, content) }) }
        await bench.store.put(try bench.distribution(spec: spec))
        await bench.controller.policy(Policies.costly())
        try await bench.working {
            for part in [Bench.Part.distributions, .targets] { try await bench.tell(part) }
            await bench.mount(files("1"))
            #expect(await eventually { await bench.secret("t") != nil })
            try await bench.runUntilIdle()
            try await holdingEvaluator {
                await bench.controller.policy(Policies.costly(rules: 801))
                #expect(await eventually { await (bench.waiting, bench.rests) == (1, true) })
                await bench.mount(files("2"), "generation-2")
                // One more evaluation.
                let other = try bench.distribution(generation: 2, spec: Policies.costlySpec(99))
                await bench.controller.distributions(.all, .upsert(other))
            }
            #expect(
                await eventually {
                    await bench.secret("t")?.digests.values.allSatisfy { $0 == bench.digest("2") } == true
                })
            #expect(await eventually { await bench.controller.overview().rotations.first?.written == 1 })
        }
    }

    @Test("a short evaluation does not wait for the end of another namespace's long one")
    func turns() async throws {
        let hostile = try bench.distribution("hostile", target: "hostile", spec: Policies.costlySpec(1000))
        var victim = try bench.distribution("victim", target: "victim", uid: "two", spec: Policies.costlySpec(2))
        victim.key = ObjectKey(namespace: "other", name: "victim")
        guard case .usable(let policy) = Policies.costly() else { throw PolicyError(problem: "none") }
        #expect(policy.evaluation(of: victim).cost > PolicyEvaluator.short)
        await bench.store.put(hostile)
        await bench.controller.policy(Policies.costly())
        try await bench.working {
            try await holdingEvaluator {
                try await bench.tellAll()
                #expect(await eventually { await bench.controller.evaluations.isRunning(hostile.key) })
                await bench.controller.distributions(.all, .upsert(await bench.store.put(victim)))
                #expect(await eventually { await (bench.waiting, bench.rests) == (2, true) })
            }
            // Of both, the one that ends first has the first status.
            #expect(await eventually { await !bench.store.statuses.isEmpty })
            #expect(await bench.store.statuses.first?.key == victim.key)
            #expect(await bench.store.statuses.first?.status.ready?.reason == "SourceNotFound")
        }
    }

    @Test("all evaluations of a namespace end, also of a distribution that is amended meanwhile")
    func sameNamespace() async throws {
        let names = (0..<4).map { "costly-\($0)" }
        for name in names {
            await bench.store.put(
                try bench.distribution(name, target: name, uid: name, spec: Policies.costlySpec(20)))
        }
        await bench.controller.policy(Policies.costly())
        try await bench.working {
            let amended = try await holdingEvaluator { () async throws -> SecretsDistribution in
                try await bench.tellAll()
                let evaluations = await bench.controller.evaluations
                let isRunning = { (name: String) in evaluations.isRunning(bench.key(name)) }
                #expect(await eventually { names.contains(where: isRunning) })
                let name = try #require(names.first(where: isRunning))
                let amended = await bench.store.put(
                    try bench.distribution(
                        name, target: name, uid: name, generation: 2, spec: Policies.costlySpec(19)))
                await bench.controller.distributions(.all, .upsert(amended))
                return amended
            }
            for name in names {
                #expect(
                    await eventually { await bench.controller.outcomes[bench.key(name)]?.reason == .sourceNotFound })
            }
            #expect(await bench.controller.cache.verdicts.hasVerdict(amended))
            try await bench.runUntilIdle()
            #expect(await bench.controller.ongoingEvaluations.isEmpty)
        }
    }

    @Test("an evaluation that is no longer needed is cancelled")
    func cancelled() async throws {
        guard case .usable(let policy) = Policies.costly() else { throw PolicyError(problem: "none") }
        let evaluation = policy.evaluation(of: try bench.distribution(spec: Policies.costlySpec(1)))
        let evaluator = try PolicyEvaluator()
        #expect(await evaluator.advance(evaluation).isOver)
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return await evaluator.advance(evaluation).isOver
        }
        #expect(await task.value == false)
    }

    /// Runs `body` while the evaluator's thread is occupied: evaluations start, but make no progress.
    private func holdingEvaluator<Value>(_ body: () async throws -> Value) async throws -> Value {
        let evaluator = try #require(await bench.controller.dependencies.evaluator)
        let (isHeld, end) = (Switch(false), DispatchSemaphore(value: 0))
        async let held: Void = evaluator.occupy(isHeld, until: end)
        let value: Value
        do {
            // Also if the body fails. Otherwise, nothing would end the evaluation in flight.
            defer { end.signal() }
            try #require(await eventually { isHeld.isOn })
            value = try await body()
        }
        await held
        return value
    }
}

extension PolicyEvaluator {
    fileprivate func occupy(_ isHeld: Switch, until end: DispatchSemaphore) {
        isHeld.isOn = true
        end.wait()
    }
}
