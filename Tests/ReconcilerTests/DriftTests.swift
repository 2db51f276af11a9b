import Distribution
import JSON
import Planning
import Snapshots
import TestSupport
import TestTraits
import Testing

@Suite("Other clients that change targets", .tags(.concurrent), .endsIfHung)
struct DriftTests {
    /// The corrections that do not wait. Time is held, so there are no others.
    private static let free = 10

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
        Issue.record("the drift did not end")
    }

    @Test("a client that reverts each write gets few of them, and is named in the status")
    func fight() async throws {
        for change: (inout ObservedTarget) -> Void in [
            { $0.digests["a"] = nil }, { $0.labels[WellKnownKeys.managedByLabel] = "flux" },
        ] {
            let bench = Bench(isTimeHeld: true)
            await bench.store.put(try bench.distribution())
            try await bench.working {
                try await bench.tellAll()
                try await bench.runUntilIdle()
                try await fight(bench, by: "kustomize-controller", change)
                #expect(await writes(bench) == 1 + Self.free)
                let ready = try await bench.eventuallyReady("WriteFailed")
                #expect(ready?.message.contains("\"kustomize-controller\"") == true)
                // Neither events nor a full comparison cause more.
                let before = await writes(bench)
                for _ in 0..<20 { try await changed(bench, by: "kustomize-controller", change) }
                try await bench.tell(.targets)
                #expect(await eventually { await bench.rests })
                #expect(await writes(bench) == before)
                #expect(await bench.figure("contested_targets") == 1)
                #expect(await bench.figure("drift_corrections_total") == Double(Self.free))
            }
        }
    }

    @Test("a client that removes the Secret, or its label, before the response to our write arrives is noticed")
    func removalBeforeResponse() async throws {
        for (isCreate, isDeletion, isListed) in [
            (true, true, false), (false, true, false), (false, false, false), (true, true, true), (false, true, true),
        ] {
            let bench = Bench()
            await bench.store.put(try bench.distribution())
            if isCreate { await bench.store.holdWriteAnswers() }
            try await bench.working {
                try await bench.tellAll()
                if !isCreate {
                    try await bench.runUntilIdle()
                    await bench.store.holdWriteAnswers()
                    try await changed(bench, by: "other") { $0.digests["a"] = nil }
                }
                let count = isCreate ? 1 : 2
                try #require(
                    await eventually {
                        let secret = await bench.secret("t")
                        return await writes(bench) == count && secret?.digests["a"] != nil
                    })
                var written = try #require(await bench.secret("t"))
                // The server's events about what happened since, or a list; the event of the write itself may be missing.
                if isDeletion {
                    await bench.store.lose(written.key)
                } else {
                    written.labels[WellKnownKeys.managedByLabel] = "other"
                    written = await bench.store.put(written)
                }
                await bench.controller.targets(.all, isListed ? .replace([]) : .delete(written))
                await bench.store.release()
                try #require(
                    await eventually {
                        let secret = await bench.secret("t")
                        return await bench.rests && secret?.labels[WellKnownKeys.managedByLabel] == "me"
                    })
            }
        }
    }

    @Test("a client that deletes the Secret each time gets few new ones")
    func removal() async throws {
        let bench = Bench(isTimeHeld: true)
        await bench.store.put(try bench.distribution())
        try await bench.working {
            try await bench.tellAll()
            try await bench.runUntilIdle()
            var creates = 0
            while let target = await bench.secret("t"), creates < 200 {
                creates += 1
                try await bench.store.delete(target)
                await bench.controller.targets(.all, .delete(target))
                try #require(await eventually { await bench.rests })
            }
            #expect(creates == 1 + Self.free)
            _ = try await bench.eventuallyReady("WriteFailed")
        }
    }

    /// Restores `target` each time that it is removed or released.
    private func restore(_ target: ObservedTarget, on bench: Bench) async throws {
        var restored = target
        restored.changedBy = "velero"
        var count = 0
        while count < 200 {
            let isUndone = await bench.secret("t").map { $0.owners != target.owners } ?? true
            guard isUndone else { break }
            count += 1
            restored.uid = await bench.secret("t")?.uid ?? "copy-\(count)"
            await bench.controller.targets(.all, .upsert(await bench.store.put(restored)))
            try await bench.rest()
        }
        #expect(count == 1 + Self.free)
        let before = await writes(bench)
        for _ in 0..<20 { await bench.controller.targets(.all, .upsert(await bench.store.put(restored))) }
        try await bench.rest()
        #expect(await writes(bench) == before)
        #expect(await bench.figure("contested_targets") == 1)
        #expect(await bench.figure("drift_corrections_total") == Double(Self.free))
    }

    @Test(
        "a writer that restores an orphaned Secret is corrected a few times, and the log or the status names it")
    func restored() async throws {
        for isRenamed in [false, true] {
            let log = LineRecorder()
            let bench = Bench(logger: log.logger, isTimeHeld: true)
            let distribution = await bench.store.put(try bench.distribution(policy: .delete))
            try await bench.working {
                try await bench.tellAll()
                try await bench.runUntilIdle()
                let target = try #require(await bench.secret("t"))
                if isRenamed {
                    let renamed = try bench.distribution(target: "u", policy: .delete, generation: 2)
                    await bench.controller.distributions(.all, .upsert(await bench.store.put(renamed)))
                } else {
                    await bench.store.remove(distribution.key)
                    await bench.controller.distributions(.all, .delete(distribution))
                }
                try #require(await eventually { await bench.secret("t") == nil })
                try await restore(target, on: bench)
                let text = "field manager \\\"velero\\\" restores it again and again"
                let event = "orphaned secret is restored again and again"
                #expect(log.lines.contains { $0.contains(event) && $0.contains(text) })
                #expect(log.count("orphaned secret cannot be removed") == 0)
                guard isRenamed else { return }
                #expect(
                    await eventually {
                        await bench.store.lastStatus?.status.ready?.message.contains(
                            "Its former Secret t was removed, but field manager")
                            == true
                    })
                #expect(await bench.store.lastStatus?.status.ready?.reason == "Synced")
            }
        }
    }

    @Test("a writer that restores our owner reference on a released Secret is corrected a few times")
    func released() async throws {
        let bench = Bench(isTimeHeld: true)
        await bench.store.put(try bench.distribution(policy: .delete))
        try await bench.working {
            try await bench.tellAll()
            try await bench.runUntilIdle()
            let target = try #require(await bench.secret("t"))
            let renamed = try bench.distribution(target: "u", policy: .retain, generation: 2)
            await bench.controller.distributions(.all, .upsert(await bench.store.put(renamed)))
            try #require(await eventually { await bench.secret("t")?.owners.isEmpty == true })
            try await restore(target, on: bench)
            #expect(
                await eventually {
                    await bench.store.lastStatus?.status.ready?.message.contains(
                        "Its former Secret t was released, but field manager") == true
                })
        }
    }

    @Test("a writer that restores a Secret that the policy denies is corrected a few times, and the status names it")
    func denied() async throws {
        let bench = Bench.policed(isTimeHeld: true)
        await bench.store.put(try bench.distribution(policy: .delete))
        await bench.controller.policy(Policies.policy("*"))
        try await bench.working {
            try await bench.tellAll()
            try await bench.runUntilIdle()
            let target = try #require(await bench.secret("t"))
            await bench.controller.policy(Policies.policy("other"))
            try #require(await eventually { await bench.secret("t") == nil })
            try await restore(target, on: bench)
            let text = "Secret t was removed, but field manager \"velero\" restores it again and again"
            #expect(await eventually { await bench.ready?.message.contains(text) == true })
            #expect(await bench.ready?.reason == "PolicyDenied")
            // A Secret that is kept is not contested.
            let kept = try bench.distribution(policy: .retain, generation: 2)
            await bench.controller.distributions(.all, .upsert(await bench.store.put(kept)))
            // The last one may have been removed before the edit.
            var restored = target
            restored.changedBy = "velero"
            restored.uid = await bench.secret("t")?.uid ?? "last copy"
            await bench.controller.targets(.all, .upsert(await bench.store.put(restored)))
            let reason = "Secret t keeps its content, because deletionPolicy is not Delete."
            #expect(await eventually { await bench.ready?.message.hasSuffix(reason) == true })
            #expect(await bench.ready?.message.contains("restores it") == false)
            try await bench.runUntilIdle()
            // It is in sync as soon as the policy allows it.
            await bench.controller.policy(Policies.policy("*"))
            _ = try await bench.eventuallyReady("Synced")
        }
    }

    @Test("a rotation and an edit of the distribution are written during drift")
    func rotation() async throws {
        let bench = Bench(isTimeHeld: true)
        await bench.store.put(try bench.distribution())
        try await bench.working {
            try await bench.tellAll()
            try await bench.runUntilIdle()
            try await fight(bench, by: nil) { $0.digests["a"] = nil }
            await bench.mount(["a": "2"], "generation-2")
            #expect(await eventually { await bench.secret("t")?.digests == ["a": bench.digest("2")] })
            try await fight(bench, by: nil) { $0.digests["a"] = nil }
            let amended = try bench.distribution(generation: 2, spec: ["metadata": ["labels": ["team": "blue"]]])
            await bench.controller.distributions(.all, .upsert(await bench.store.put(amended)))
            #expect(await eventually { await bench.secret("t")?.labels["team"] == "blue" })
        }
    }

    @Test("labels of others, however many, are not drift")
    func harmless() async throws {
        let bench = Bench()
        await bench.store.put(try bench.distribution())
        try await bench.working {
            try await bench.tellAll()
            try await bench.runUntilIdle()
            for number in 0..<50 {
                try await changed(bench, by: "others") { $0.labels["theirs"] = "\(number)" }
                try await bench.runUntilIdle()
            }
            try await changed(bench, by: "others") { $0.digests["a"] = nil }
            try await bench.runUntilIdle()
            #expect(await bench.secret("t")?.digests == ["a": bench.digest("1")])
            #expect(await bench.store.lastStatus?.status.ready?.reason == "Synced")
        }
    }

    @Test("a write that the server stores differently is reported, and not repeated")
    func altered() async throws {
        let bench = Bench(isTimeHeld: true)
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

    @Test("a Secret that the server makes immutable is reported while it exists, and not written again")
    func immutable() async throws {
        let bench = Bench(isTimeHeld: true)
        await bench.store.alter { $0.isImmutable = true }
        await bench.store.put(try bench.distribution())
        try await bench.working {
            try await bench.tellAll()
            for number in 2...3 {
                var ready = try await bench.eventuallyReady("WriteFailed")
                #expect(
                    ready?.message.contains("differently: it was made immutable; a mutating webhook") == true)
                let before = await writes(bench)
                // Labels of other writers change nothing.
                try await changed(bench, by: "others") { $0.labels["theirs"] = "\(number)" }
                try await bench.tell(.targets)
                try await bench.rest()
                ready = await bench.store.lastStatus?.status.ready
                #expect(ready?.reason == "WriteFailed")
                #expect(await writes(bench) == before)
                // A write of labels does not change what the server did.
                let labels: JSONValue = ["metadata": ["labels": ["number": .string("\(number)")]]]
                let amended = try bench.distribution(generation: number, spec: labels)
                await bench.controller.distributions(.all, .upsert(await bench.store.put(amended)))
                #expect(await eventually { await bench.secret("t")?.labels["number"] == "\(number)" })
                #expect(await eventually { await bench.store.lastStatus?.status.observedGeneration == number })
                ready = await bench.store.lastStatus?.status.ready
                #expect(ready?.reason == "WriteFailed")
                #expect(ready?.message.contains("it was made immutable") == true)
                await bench.mount(["a": "\(number)"], "generation-\(number)")
                #expect(await eventually { await bench.secret("t")?.digests == ["a": bench.digest("\(number)")] })
                try await bench.rest()
            }
            await bench.store.alter(nil)
            await bench.mount(["a": "4"], "generation-4")
            _ = try await bench.eventuallyReady("Synced")
        }
    }

    @Test("a Secret that a person made immutable is in sync, and the status reports it")
    func madeImmutable() async throws {
        let bench = Bench()
        await bench.store.put(try bench.distribution())
        try await bench.working {
            try await bench.tellAll()
            try await bench.runUntilIdle()
            try await changed(bench, by: "kubectl-edit") { $0.isImmutable = true }
            let isSaid = { await bench.store.lastStatus?.status.ready?.message.contains("It is immutable: each") }
            #expect(await eventually { await isSaid() == true })
            #expect(await bench.store.lastStatus?.status.ready?.reason == "Synced")
            await bench.mount(["a": "2"], "generation-2")
            #expect(await eventually { await isSaid() == false })
        }
    }
}

extension ObservedTarget {
    fileprivate var asList: [ObservedTarget] { [self] }
}
