import Distribution
import JSON
import Kube
import TestSupport
import TestTraits
import Testing

@Suite("An unreadable object of a list", .endsIfHung)
struct UnreadableItemTests {
    private func item(_ name: String?, uid: String = "one", version: String = "1") -> UnreadableItem {
        let metadata = name.map { ObjectMeta(name: $0, namespace: "web", uid: uid, resourceVersion: version) }
        return UnreadableItem(metadata: metadata, reason: "it is too large")
    }

    @Test("if it is a Secret, is read by name, alone, and is logged once")
    func secret() async throws {
        let lines = LineRecorder()
        let bench = Bench(logger: lines.logger)
        for name in ["bad", "good"] { await bench.store.put(try bench.distribution(name, target: name)) }
        try await bench.working {
            try await bench.tellAll()
            try await bench.runUntilIdle()
            let good = try #require(await bench.secret("good"))
            for _ in 0..<3 { await bench.controller.targets(.all, .replace([good], unreadable: [item("bad")])) }
            try await bench.runUntilIdle()
            #expect(await Set(bench.store.calls.filter { $0.hasPrefix("observe") }) == ["observe bad"])
            #expect(await bench.store.calls.count { $0.hasPrefix("create") } == 2)
            let logged = lines.lines.filter { $0.contains("object cannot be read") }
            #expect(logged.count == 1 && logged.first?.contains("web/bad") == true, "\(logged)")
        }
    }

    @Test("that is a Secret of which parts cannot be read is left as it is and logged once; the others are served")
    func parts() async throws {
        let lines = LineRecorder()
        let bench = Bench(logger: lines.logger)
        for name in ["bad", "good"] { await bench.store.put(try bench.distribution(name, target: name)) }
        try await bench.working {
            try await bench.tellAll()
            try await bench.runUntilIdle()
            var bad = try #require(await bench.secret("bad"))
            bad.excess = "has parts that cannot be read (.type is not a string)"
            for version in ["1001", "1002"] {
                bad.resourceVersion = version
                await bench.controller.targets(.all, .upsert(bad))
            }
            let ready = try await bench.eventuallyReady("WriteFailed")
            #expect(ready?.message.contains("cannot be read (.type is not a string)") == true)
            await bench.mount(["a": "2"], "generation-2")
            #expect(await eventually { await bench.secret("good")?.digests == ["a": bench.digest("2")] })
            #expect(await bench.secret("bad")?.digests == ["a": bench.digest("1")])
            let logged = lines.lines.filter { $0.contains("secret cannot be used") }
            #expect(logged.count == 1 && logged.first?.contains("web/bad") == true, "\(logged)")
        }
    }

    @Test("that is also unreadable by name is not written; its status gives the reason, and the others are served")
    func neither() async throws {
        let bench = Bench()
        for name in ["bad", "good"] { await bench.store.put(try bench.distribution(name, target: name)) }
        try await bench.working {
            try await bench.tellAll()
            try await bench.runUntilIdle()
            let good = try #require(await bench.secret("good"))
            await bench.store.fail(.observe, [.rejected("cannot get secret bad: the answer is too large")])
            await bench.controller.targets(.all, .replace([good], unreadable: [item("bad")]))
            let ready = try await bench.eventuallyReady("WriteFailed")
            #expect(ready?.message.contains("the answer is too large") == true)
            #expect(await bench.store.lastStatus?.key == bench.key("bad"))
            await bench.mount(["a": "2"], "generation-2")
            #expect(await eventually { await bench.secret("good")?.digests == ["a": bench.digest("2")] })
        }
    }

    @Test("without a name may be any Secret that is not listed: each of those is read")
    func nameless() async throws {
        let bench = Bench()
        for name in ["bad", "good"] { await bench.store.put(try bench.distribution(name, target: name)) }
        try await bench.working {
            try await bench.tellAll()
            try await bench.runUntilIdle()
            let good = try #require(await bench.secret("good"))
            await bench.controller.targets(.all, .replace([good], unreadable: [item(nil)]))
            try await bench.runUntilIdle()
            #expect(await Set(bench.store.calls.filter { $0.hasPrefix("observe") }) == ["observe bad"])
        }
    }

    @Test("if it is a distribution, gets a status that reports it, and is not deleted: its target is kept")
    func distribution() async throws {
        let bench = Bench()
        for name in ["bad", "good"] {
            await bench.store.put(try bench.distribution(name, target: name, policy: .delete))
        }
        try await bench.working {
            try await bench.tellAll()
            try await bench.runUntilIdle()
            let stored = await bench.store.distributions
            let (bad, good) = (try #require(stored[bench.key("bad")]), try #require(stored[bench.key("good")]))
            let poison = item("bad", version: bad.resourceVersion)
            let standIn = try #require(SecretsDistribution(unreadable: poison))
            await bench.controller.distributions(.all, .replace([standIn, good], unreadable: [poison]))
            let ready = try await bench.eventuallyReady("InvalidSpec")
            #expect(ready?.message == "The distribution cannot be read: it is too large.")
            try await bench.runUntilIdle()
            #expect(await bench.secret("bad") != nil)
            #expect(await bench.store.calls.count { $0.hasPrefix("delete") } == 0)
        }
    }

    @Test("with unreadable annotations belongs to nobody: no instance writes its status")
    func nobodys() throws {
        let json =
            #"{"metadata":{"resourceVersion":"1"},"items":[{"metadata":{"name":"a","annotations":{"k":1}}},"#
            + #"{"metadata":{"name":"b","labels":{"k":1}}}]}"#
        let page = try JSONBytes.decode(ListPage<MetadataOnly>.self, from: Array(json.utf8))
        let belongs = page.unreadable.map { item in
            SecretsDistribution(unreadable: item)?.belongs(to: "me", onlyAssigned: false)
        }
        #expect(belongs == [false, true])
    }

    @Test("without a name may be any distribution that is not listed: none is forgotten")
    func namelessDistribution() async throws {
        let bench = Bench()
        await bench.store.put(try bench.distribution(policy: .delete))
        try await bench.working {
            try await bench.tellAll()
            try await bench.runUntilIdle()
            await bench.controller.distributions(.all, .replace([], unreadable: [item(nil)]))
            await bench.mount(["a": "2"], "generation-2")
            #expect(await eventually { await bench.secret("t")?.digests == ["a": bench.digest("2")] })
            await bench.controller.distributions(.all, .replace([]))
            try await bench.runUntilIdle()
        }
    }
}
