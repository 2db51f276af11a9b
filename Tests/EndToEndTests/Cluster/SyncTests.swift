import Distribution
import FoundationEssentials
import Kube
import TestSupport
import Testing

@Suite("Syncing on a real API server")
struct SyncTests {
    /// With the annotation from the page about the resource.
    @Test("a changed forceSync on a distribution makes the agent read and compare its Secret, without a write")
    func forceSync() async throws {
        let world = try await World()
        try AtomicVolume(world.mount).write(["a": "1"])
        try await world.create(world.distribution("app", [("a", "a")]))
        // A user that only the agent uses, because the test reads Secrets too.
        for resource in [Resource.secrets, .secretsDistributions] {
            try await world.server.allow("bob", ["*"], resource, in: world.namespace)
        }
        let reads = {
            try world.server.served(in: world.namespace).count {
                $0.user.username == "bob" && $0.verb == "get" && $0.objectRef?.resource == "secrets"
            }
        }
        try await world.withAgent(as: .named("bob")) {
            try await world.expect("app", .synced)
            let version = try await world.secret("app")?.metadata.resourceVersion
            for round in 1...2 {
                try await world.patch(
                    "app", ["metadata": ["annotations": ["xlscsde.nhs.uk/forceSync": .string("\(round)")]]])
                #expect(await eventually { world.logs.count("comparison requested") == round })
                #expect(try await eventually { try reads() >= round })
            }
            #expect(try await world.secret("app")?.metadata.resourceVersion == version)
        }
    }

    @Test("repairs a Secret that was edited or deleted by hand")
    func repairsDrift() async throws {
        let world = try await World()
        try AtomicVolume(world.mount).write(["a": "right"])
        try await world.create(world.distribution("drift", [("a", "a")]))
        try await world.withAgent {
            try await world.expect("drift", ["a": "right"])
            try await world.client.patch(
                .secrets, namespace: world.namespace, name: "drift",
                [
                    "data": ["a": .string(Data("wrong".utf8).base64EncodedString()), "more": "AA=="],
                    "metadata": ["labels": ["theirs": "stays"]],
                ])
            try await world.expect("drift", ["a": "right"])
            #expect(try await world.secret("drift")?.metadata.labels?["theirs"] == "stays")

            try await world.client.delete(.secrets, namespace: world.namespace, name: "drift", uid: nil)
            try await world.expect("drift", ["a": "right"])

            // Without the label, no watch selects the Secret any more.
            try await world.client.patch(
                .secrets, namespace: world.namespace, name: "drift",
                ["metadata": ["labels": [WellKnownKeys.managedByLabel: nil]]])
            #expect(
                try await eventually {
                    try await world.secret("drift")?.metadata.labels?[WellKnownKeys.managedByLabel] == world.namespace
                })
        }
    }

    @Test("follows edits of a distribution: keys, source, name and metadata")
    func followsAmendments() async throws {
        let world = try await World()
        try AtomicVolume(world.mount).write(["a": "A", "b": "B"])
        try await world.create(world.distribution("amended", [("a", "one")]))
        try await world.withAgent {
            try await world.expect("amended", ["one": "A"])
            try await world.patch("amended", ["spec": ["secrets": [["from": "b", "to": "two"]]]])
            try await world.expect("amended", ["two": "B"])
            try await world.patch("amended", ["spec": ["metadata": ["labels": ["reload": "yes"]]]])
            #expect(try await eventually { try await world.secret("amended")?.metadata.labels?["reload"] == "yes" })
            try await world.patch("amended", ["spec": ["name": "renamed"]])
            try await world.expect("renamed", ["two": "B"])
            // The default is Retain: the former target keeps its content.
            #expect(try await world.secret("amended") != nil)
        }
    }

    @Test("never changes a Secret of another owner, and adopts it after it is handed over")
    func leavesForeignSecrets() async throws {
        let world = try await World()
        try AtomicVolume(world.mount).write(["a": "A"])
        try await world.create(secret: "foreign", managedBy: nil, ["theirs": "kept"])
        try await world.create(secret: "other", managedBy: "another-instance", ["theirs": "kept"])
        try await world.create(world.distribution("foreign", [("a", "a")], policy: .delete))
        try await world.create(world.distribution("other", [("a", "a")], policy: .delete))
        let versions = [try await world.secret("foreign")?.version, try await world.secret("other")?.version]
        try await world.withAgent {
            try await world.expect("foreign", .notManaged)
            try await world.expect("other", .notManaged)
            try await world.delete("other")
            try await world.client.patch(
                .secrets, namespace: world.namespace, name: "foreign",
                ["metadata": ["annotations": [WellKnownKeys.managedBy: .string(world.namespace)]]])
            #expect(try await world.secret("other")?.version == versions[1])
            // Any edit makes the agent read it again.
            try await world.patch("foreign", ["metadata": ["annotations": ["touched": "yes"]]])
            try await world.expect("foreign", ["a": "A"])
            try await world.expect("foreign", .synced)
        }
        #expect(try await world.secret("other")?.version == versions[1])
        #expect(try await world.secret("foreign")?.version != versions[0])
    }

    @Test("replaces a Secret whose type changes, and an immutable one, and keeps the fields of others")
    func replaces() async throws {
        let world = try await World()
        let volume = try AtomicVolume(world.mount)
        try volume.write(["a": "A"])
        try await world.create(world.distribution("typed", [("a", "a")]))
        try await world.withAgent {
            try await world.expect("typed", ["a": "A"])
            let before = try #require(try await world.secret("typed"))
            try await world.client.patch(
                .secrets, namespace: world.namespace, name: "typed",
                ["metadata": ["labels": ["theirs": "stays"], "annotations": ["their/note": "stays"]]])
            try await world.patch("typed", ["spec": ["type": "example.com/mine"]])
            #expect(try await eventually { try await world.secret("typed")?.type == "example.com/mine" })
            let after = try #require(try await world.secret("typed"))
            #expect(after.metadata.uid != before.metadata.uid)
            #expect(after.metadata.labels?["theirs"] == "stays")
            #expect(after.metadata.annotations?["their/note"] == "stays")
            #expect(after.data == ["a": Data("A".utf8)])

            try await world.client.patch(
                .secrets, namespace: world.namespace, name: "typed", ["immutable": true])
            try volume.write(["a": "B"])
            try await world.expect("typed", ["a": "B"])
            try await world.expect("typed", .synced)
        }
    }

    @Test("with deletionPolicy Delete removes the target when its name changes and when the distribution is deleted")
    func prunes() async throws {
        let world = try await World()
        try AtomicVolume(world.mount).write(["a": "A"])
        try await world.create(world.distribution("pruned", secret: "first", [("a", "a")], policy: .delete))
        try await world.create(world.distribution("kept", [("a", "a")]))
        try await world.withAgent {
            try await world.expect("first", ["a": "A"])
            try await world.expect("kept", ["a": "A"])
            #expect(try await world.secret("first")?.metadata.ownerReferences?.first?.name == "pruned")
            try await world.patch("pruned", ["spec": ["name": "second"]])
            try await world.expect("second", ["a": "A"])
            #expect(try await eventually { try await world.secret("first") == nil })
            try await world.delete("pruned")
            try await world.delete("kept")
            #expect(try await eventually { try await world.secret("second") == nil })
        }
        #expect(try await world.secret("kept") != nil)
    }

    /// No garbage collector runs here: the agent itself removes them.
    @Test("with deletionPolicy Delete removes at startup the targets of distributions that were deleted meanwhile")
    func prunesAfterDowntime() async throws {
        let world = try await World()
        try AtomicVolume(world.mount).write(["a": "A"])
        try await world.create(world.distribution("gone", [("a", "a")], policy: .delete))
        try await world.create(world.distribution("renamed", secret: "former", [("a", "a")], policy: .delete))
        try await world.create(world.distribution("retained", [("a", "a")], policy: .delete))
        try await world.withAgent {
            for name in ["gone", "former", "retained"] { try await world.expect(name, ["a": "A"]) }
            try await world.patch("retained", ["spec": ["deletionPolicy": "Retain"]])
            #expect(try await eventually { try await world.secret("retained")?.metadata.ownerReferences == nil })
        }
        try await world.delete("gone")
        try await world.delete("retained")
        try await world.patch("renamed", ["spec": ["name": "latter"]])
        try await world.withAgent {
            try await world.expect("latter", ["a": "A"])
            #expect(try await eventually { try await world.secret("gone") == nil })
            #expect(try await eventually { try await world.secret("former") == nil })
        }
        #expect(try await world.secret("retained") != nil)
    }

    @Test("gives a target that two distributions claim to the older one, and to the other when the older is deleted")
    func olderWins() async throws {
        let world = try await World()
        try AtomicVolume(world.mount).write(["a": "A", "b": "B"])
        let first = try await world.create(world.distribution("z-older", secret: "shared", [("a", "a")]))
        // Creation times have whole seconds.
        var second = first
        _ = try await eventually {
            try? await world.delete("a-younger")
            second = try await world.create(world.distribution("a-younger", secret: "shared", [("b", "b")]))
            return second.creationTimestamp != first.creationTimestamp
        }
        try await world.withAgent {
            try await world.expect("shared", ["a": "A"])
            try await world.expect("a-younger", .targetConflict)
            try await world.expect("z-older", .synced)
            try await world.delete("z-older")
            try await world.expect("shared", ["b": "B"])
            try await world.expect("a-younger", .synced)
        }
    }

    @Test("keeps the whole target when one source is missing, and reports which")
    func keepsTheLastGoodValue() async throws {
        let world = try await World()
        let volume = try AtomicVolume(world.mount)
        try volume.write(["a": "A", "b": "B"])
        try await world.create(world.distribution("held", [("a", "a"), ("b", "b")]))
        try await world.create(
            world.distribution(
                "optional", [],
                extra: ["secrets": [["from": "a", "to": "a"], ["from": "b", "to": "b", "optional": true]]]))
        try await world.withAgent {
            try await world.expect("held", ["a": "A", "b": "B"])
            try volume.write(["a": "A2"])
            try await world.expect("held", .sourceNotFound)
            #expect(try await world.distribution("held").status.statusText?.contains("\"b\"") == true)
            try await world.expect("held", ["a": "A", "b": "B"])
            try await world.expect("optional", ["a": "A2"])

            // An unmounted volume is not a new generation: it does not cause the optional key to be pruned.
            let before = try await world.secret("optional")?.version
            volume.tearDown()
            #expect(await eventually { world.logs.count("mount has no generation") > 0 })
            try await world.expect("held", .sourceNotFound)
            #expect(try await world.secret("optional")?.version == before)
            try volume.write(["a": "A3", "b": "B3"])
            try await world.expect("held", ["a": "A3", "b": "B3"])
            try await world.expect("held", .synced)
        }
    }

    @Test("rejects an invalid specification, with the reason in the status")
    func refuses() async throws {
        let world = try await World()
        let volume = try AtomicVolume(world.mount)
        try volume.write(["a": Array("A".utf8), "large": [UInt8](repeating: 1, count: 1 << 20), "small": [1]])
        try makeLink(world.mount + "/..data/escape", to: "/etc/passwd")
        try await world.create(
            world.distribution("type", type: "kubernetes.io/service-account-token", [("a", "a")]))
        try await world.create(world.distribution("sum", [("large", "large"), ("small", "small")]))
        try await world.create(world.distribution("link", [("escape", "a")]))
        try await world.create(
            world.distribution(
                "marks", [("a", "a")], extra: ["metadata": ["annotations": ["meta.helm.sh/release-name": "x"]]]))
        try await world.withAgent {
            try await world.expect("type", .typeRefused)
            try await world.expect("sum", .targetTooLarge)
            try await world.expect("link", .sourceUnreadable)
            try await world.expect("marks", .invalidSpec)
        }
        for name in ["type", "sum", "link", "marks"] { #expect(try await world.secret(name) == nil) }
    }

    @Test("writes neither Secret nor status when nothing has changed, not even after a restart")
    func writesNothingTwice() async throws {
        let world = try await World()
        let volume = try AtomicVolume(world.mount)
        try volume.write(["a": "A"])
        try await world.create(world.distribution("steady", [("a", "a")]))
        try await world.create(world.distribution("missing", [("none", "a")]))
        try await world.withAgent {
            try await world.expect("steady", .synced)
            try await world.expect("missing", .sourceNotFound)
        }
        let versions = { () async throws in
            [
                try await world.secret("steady")?.version, try await world.distribution("steady").resourceVersion,
                try await world.distribution("missing").resourceVersion,
            ]
        }
        let before = try await versions()
        let second = try await World(sharing: world)
        try await second.withAgent {
            // A marker to wait for: when it is in sync, the others have been compared too.
            try await second.create(second.distribution("mark", [("a", "a")]))
            try await second.expect("mark", .synced)
            try volume.write(["a": "A"])
            #expect(await eventually { second.logs.count("mount changed") == 1 })
            try await second.patch("mark", ["spec": ["name": "mark-2"]])
            try await second.expect("mark-2", ["a": "A"])
        }
        #expect(try await versions() == before)
    }

    @Test("ignores distributions of another instance")
    func instances() async throws {
        let world = try await World()
        try AtomicVolume(world.mount).write(["a": "A"])
        try await world.create(
            world.distribution("mine", [("a", "a")], annotations: [WellKnownKeys.managedBy: world.namespace]))
        try await world.create(
            world.distribution("theirs", [("a", "a")], annotations: [WellKnownKeys.managedBy: "another"]))
        try await world.create(world.distribution("nobodys", [("a", "a")]))
        try await world.withAgent {
            $0.onlyAssigned = true
        } _: {
            try await world.expect("mine", ["a": "A"])
            // An edit of the annotation hands the distribution over.
            try await world.patch(
                "nobodys", ["metadata": ["annotations": [WellKnownKeys.managedBy: .string(world.namespace)]]])
            try await world.expect("nobodys", ["a": "A"])
        }
        #expect(try await world.secret("theirs") == nil)
        #expect(try await world.distribution("theirs").status.statusText == nil)
    }
}
