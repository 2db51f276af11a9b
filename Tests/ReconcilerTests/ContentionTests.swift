import Distribution
import Planning
import Snapshots
import TestSupport
import TestTraits
import Testing

@Suite("Other clients that change targets", .tags(.concurrent), .endsIfHung)
struct ContentionTests {
    private func changed(_ bench: Bench, by manager: String?, _ change: (inout ObservedTarget) -> Void) async throws {
        var target = try #require(await bench.secret("t"))
        change(&target)
        target.changedBy = manager
        await bench.controller.targets(.all, .upsert(await bench.store.put(target)))
    }

    private func writes(_ bench: Bench) async -> Int {
        await bench.store.calls.count { $0.hasSuffix(" t") && !$0.hasPrefix("observe") }
    }

    /// Another client reverts each of our writes as soon as it sees them, until there are no more.
    private func fight(_ bench: Bench, by manager: String?, _ change: (inout ObservedTarget) -> Void) async throws {
        for _ in 0..<200 {
            let before = await writes(bench)
            try await changed(bench, by: manager, change)
            guard await eventually({ await bench.rests }) else { return }
            if await writes(bench) == before { return }
        }
        Issue.record("the contention did not end")
    }

    @Test("a client that reverts each write gets few of them, and is named in the status")
    func fight() async throws {
        for change: (inout ObservedTarget) -> Void in [
            { $0.digests["a"] = nil }, { $0.labels[WellKnownKeys.managedByLabel] = "flux" },
        ] {
            let bench = Bench()
            await bench.store.put(try bench.distribution())
            try await bench.working {
                try await bench.tellAll()
                try await bench.settle()
                try await fight(bench, by: "kustomize-controller", change)
                #expect(await writes(bench) < 20)
                let ready = try await bench.eventuallyReady("WriteFailed")
                #expect(ready?.message.contains("\"kustomize-controller\"") == true)
                // Neither events nor a full comparison cause more.
                let before = await writes(bench)
                for _ in 0..<20 { try await changed(bench, by: "kustomize-controller", change) }
                try await bench.tell(.targets)
                #expect(await eventually { await bench.rests })
                #expect(await writes(bench) == before)
                #expect(await bench.figure("contested_targets") == 1)
                #expect(await bench.figure("drift_corrections_total") ?? 0 >= 10)
            }
        }
    }

    @Test("a client that deletes the Secret each time gets few new ones")
    func removal() async throws {
        let bench = Bench()
        await bench.store.put(try bench.distribution())
        try await bench.working {
            try await bench.tellAll()
            try await bench.settle()
            var creates = 0
            while let target = await bench.secret("t"), creates < 200 {
                creates += 1
                try await bench.store.delete(target)
                await bench.controller.targets(.all, .delete(target))
                try #require(await eventually { await bench.rests })
            }
            #expect(creates < 20)
            _ = try await bench.eventuallyReady("WriteFailed")
        }
    }

    @Test("a rotation and an edit of the distribution are written during contention")
    func rotation() async throws {
        let bench = Bench()
        await bench.store.put(try bench.distribution())
        try await bench.working {
            try await bench.tellAll()
            try await bench.settle()
            try await fight(bench, by: nil) { $0.digests["a"] = nil }
            await bench.mount(["a": "2"], "generation-2")
            #expect(await eventually { await bench.secret("t")?.digests == ["a": bench.digest("2")] })
            try await fight(bench, by: nil) { $0.digests["a"] = nil }
            let amended = try bench.distribution(generation: 2, spec: ["metadata": ["labels": ["team": "blue"]]])
            await bench.controller.distributions(.all, .upsert(await bench.store.put(amended)))
            #expect(await eventually { await bench.secret("t")?.labels["team"] == "blue" })
        }
    }

    @Test("labels of others, however many, are not contention")
    func harmless() async throws {
        let bench = Bench()
        await bench.store.put(try bench.distribution())
        try await bench.working {
            try await bench.tellAll()
            try await bench.settle()
            for number in 0..<50 {
                try await changed(bench, by: "others") { $0.labels["theirs"] = "\(number)" }
                try await bench.settle()
            }
            try await changed(bench, by: "others") { $0.digests["a"] = nil }
            try await bench.settle()
            #expect(await bench.secret("t")?.digests == ["a": bench.digest("1")])
            #expect(await bench.store.lastStatus?.status.ready?.reason == "Synced")
        }
    }

    @Test("a write that the server stores differently is reported, and not repeated")
    func altered() async throws {
        let bench = Bench()
        await bench.store.alter {
            $0.digests["a"] = Digest(of: SecretBytes("trimmed".utf8))
            $0.digests["injected"] = Digest(of: SecretBytes("x".utf8))
            $0.labels[WellKnownKeys.managedByLabel] = nil
        }
        await bench.store.put(try bench.distribution())
        try await bench.working {
            try await bench.tellAll()
            let ready = try await bench.eventuallyReady("WriteFailed")
            for phrase in [
                "data key \"a\" differs", "data key \"injected\" was added",
                "label \"app.kubernetes.io/managed-by\" is missing", "mutating webhook",
            ] {
                #expect(ready?.message.contains(phrase) == true, "\(ready?.message ?? "")")
            }
            for _ in 0..<10 {
                await bench.controller.targets(.all, .replace(try #require(await bench.secret("t")).asList))
                #expect(await eventually { await bench.rests })
            }
            #expect(await writes(bench) == 1)
            // Other content is attempted, and so is a requested comparison.
            await bench.store.alter(nil)
            await bench.mount(["a": "2"], "generation-2")
            _ = try await bench.eventuallyReady("Synced")
            #expect(await bench.secret("t")?.digests == ["a": bench.digest("2")])
        }
    }
}

extension ObservedTarget {
    fileprivate var asList: [ObservedTarget] { [self] }
}
