import Distribution
import JSON
import Planning
import Snapshots
import TestSupport
import TestTraits
import Testing

@testable import Reconciler

/// Content that the controller holds back, on a fake store.
@Suite("The controller holds back", .endsIfHung)
struct ReviewTests {
    private func pair(_ bench: Bench, spec: JSONValue = [:]) throws -> SecretsDistribution {
        let tls: JSONValue = ["type": "kubernetes.io/tls"]
        return try bench.distribution(from: ["tls.crt", "tls.key"], spec: tls.merging(spec))
    }

    private func files(_ certificate: TLSPair, _ key: TLSPair) -> [String: String] {
        ["tls.crt": certificate.certificate, "tls.key": key.key]
    }

    private func digests(_ bench: Bench, _ pair: TLSPair) -> [String: Digest] {
        files(pair, pair).mapValues(bench.digest)
    }

    @Test(
        "half of a rotated pair, whichever half comes first; the other half releases it", arguments: [true, false])
    func rotatedInHalves(certificateFirst: Bool) async throws {
        let (bench, old, new) = (Bench(), try TLSPair.make("old"), try TLSPair.make("new"))
        await bench.store.put(try pair(bench))
        try await bench.working {
            try await bench.tell(.distributions)
            try await bench.tell(.targets)
            await bench.mount(files(old, old), "generation-1")
            try await bench.runUntilIdle()
            let good = try #require(await bench.secret("t"))
            #expect(good.digests == digests(bench, old))

            await bench.mount(certificateFirst ? files(new, old) : files(old, new), "generation-2")
            try await bench.runUntilIdle()
            #expect(await bench.secret("t") == good)
            let ready = await bench.store.lastStatus?.status.ready
            #expect(ready?.status == "False")
            #expect(ready?.reason == "PairMismatch")
            #expect(ready?.message.contains("\"tls.crt\" and \"tls.key\"") == true)
            #expect(await bench.store.lastStatus?.status.mountGeneration == "generation-1")

            await bench.mount(files(new, new), "generation-3")
            try await bench.runUntilIdle()
            let next = try #require(await bench.secret("t"))
            #expect(next.digests == digests(bench, new))
            #expect(next.mountGeneration == "generation-3")
            #expect(await bench.store.lastStatus?.status.ready?.reason == "Synced")
        }
    }

    @Test("a mismatched pair, also after a restart, and it does not create a missing target")
    func restart() async throws {
        let (bench, old, new) = (Bench(), try TLSPair.make("old"), try TLSPair.make("new"))
        let distribution = try pair(bench)
        await bench.store.put(distribution)
        var good = ObservedTarget(bench.key("t"), of: distribution.key)
        good.type = "kubernetes.io/tls"
        good.digests = digests(bench, old)
        good = await bench.store.put(good)
        await bench.store.put(
            try bench.distribution(
                "d2", target: "t2", from: ["tls.crt", "tls.key"], spec: ["type": "kubernetes.io/tls"]))
        try await bench.working {
            try await bench.tell(.distributions)
            try await bench.tell(.targets)
            await bench.mount(files(new, old))
            try await bench.runUntilIdle()
            #expect(await bench.secret("t") == good)
            #expect(await bench.secret("t2") == nil)
            #expect(await bench.store.statuses.map(\.status.ready?.reason) == ["PairMismatch", "PairMismatch"])
            // Nor in the next full comparison.
            try await bench.tell(.distributions)
            try await bench.tell(.targets)
            try await bench.runUntilIdle()
            #expect(await bench.store.calls.sorted() == ["status d", "status d2"])

            await bench.mount(files(new, new), "generation-2")
            try await bench.runUntilIdle()
            #expect(await bench.secret("t")?.digests == digests(bench, new))
            #expect(await bench.secret("t2")?.digests == digests(bench, new))
        }
    }

    @Test("nothing with spec.validation: None, also when that is set later")
    func turnedOff() async throws {
        let (bench, old, new) = (Bench(), try TLSPair.make("old"), try TLSPair.make("new"))
        await bench.store.put(try pair(bench))
        try await bench.working {
            try await bench.tell(.distributions)
            try await bench.tell(.targets)
            await bench.mount(files(new, old))
            try await bench.runUntilIdle()
            #expect(await bench.secret("t") == nil)
            var amended = try pair(bench, spec: ["validation": "None"])
            amended.generation = 2
            await bench.controller.distributions(.all, .upsert(await bench.store.put(amended)))
            try await bench.runUntilIdle()
            #expect(await bench.secret("t")?.digests == files(new, old).mapValues(bench.digest))
            #expect(await bench.store.lastStatus?.status.ready?.reason == "Synced")
        }
    }

    @Test("nothing for an expired certificate or an encrypted key, and the status reports it")
    func warnings() async throws {
        let bench = Bench()
        let pair = try TLSPair.expired()
        await bench.store.put(try self.pair(bench))
        try await bench.working {
            try await bench.tell(.distributions)
            try await bench.tell(.targets)
            await bench.mount(["tls.crt": pair.certificate, "tls.key": try pair.key(as: .pkcs8Encrypted)])
            try await bench.runUntilIdle()
            #expect(await bench.secret("t") != nil)
            let ready = await bench.store.lastStatus?.status.ready
            #expect(ready?.status == "True")
            #expect(
                ready?.message == "Secret t holds 2 keys from the mount."
                    + " Cannot check whether the key in \"tls.key\" belongs to the certificate in \"tls.crt\": the key"
                    + " is encrypted. The certificate in \"tls.crt\" expired at 2001-09-10T01:46:40Z.")
            // The same at the next full comparison, without new reports.
            let calls = await bench.store.calls
            try await bench.tell(.targets)
            try await bench.runUntilIdle()
            #expect(await bench.store.calls == calls)
        }
    }

    @Test("a source that became empty, also after a restart; the last content is kept until there is new content")
    func emptied() async throws {
        let bench = Bench()
        await bench.store.put(try bench.distribution())
        try await bench.working {
            try await bench.tellAll()
            try await bench.runUntilIdle()
            let good = try #require(await bench.secret("t"))
            await bench.mount(["a": ""], "generation-2")
            try await bench.runUntilIdle()
            #expect(await bench.secret("t") == good)
            #expect(await bench.store.lastStatus?.status.ready?.reason == "SourceUnreadable")
        }
        let again = Bench(on: bench.store)
        try await again.working {
            try await again.tell(.distributions)
            try await again.tell(.targets)
            await again.mount(["a": ""], "generation-2")
            try await again.runUntilIdle()
            #expect(await again.secret("t")?.digests == ["a": bench.digest("1")])
            await again.mount(["a": "2"], "generation-3")
            try await again.runUntilIdle()
            #expect(await again.secret("t")?.digests == ["a": bench.digest("2")])
            #expect(await again.store.lastStatus?.status.ready?.reason == "Synced")
        }
    }

    @Test("a Secret of another owner because of the owner, not because of the content")
    func foreign() async throws {
        let bench = Bench()
        await bench.store.put(try bench.distribution())
        var foreign = ObservedTarget(bench.key("t"), of: bench.key("d"))
        foreign.annotations = [:]
        foreign.digests = ["a": bench.digest("theirs")]
        await bench.store.put(foreign)
        try await bench.working {
            try await bench.tell(.distributions)
            await bench.controller.targets(.all, .replace([]))
            await bench.mount(["a": ""])
            #expect(try await bench.eventuallyReady("NotManaged") != nil)
        }
    }

    @Test("nothing twice: a pair that feeds many targets is checked once in a generation")
    func judgedOnce() async throws {
        let (bench, wildcard, next) = (Bench(), try TLSPair.make("wildcard"), try TLSPair.make("next"))
        for number in 1...20 {
            await bench.store.put(
                try bench.distribution(
                    "d\(number)", target: "t\(number)", from: ["tls.crt", "tls.key"],
                    spec: ["type": "kubernetes.io/tls"]))
        }
        try await bench.working {
            try await bench.tell(.distributions)
            try await bench.tell(.targets)
            for (generation, pair) in [wildcard, next].enumerated() {
                await bench.mount(files(pair, pair), "generation-\(generation)")
                try await bench.runUntilIdle()
                #expect(await bench.store.secrets.values.filter { $0.digests == digests(bench, pair) }.count == 20)
                #expect(await bench.controller.certificateChecks.count == 1)
            }
        }
    }
}
