import Distribution
import DistributionSupport
import Kube
import Planning
import Stores
import TestSupport
import TestTraits
import Testing

@testable import Reconciler

@Suite("A cluster distribution", .tags(.concurrent), .endsIfHung)
struct ClusterDistributionTests {
    private let bench = Bench.ofCluster()

    private func key(_ namespace: String, _ name: String = "t") -> ObjectKey {
        ObjectKey(namespace: namespace, name: name)
    }

    private func holders(_ name: String = "t") async -> [String] {
        await bench.store.secrets.keys.filter { $0.name == name }.map(\.namespace).sorted()
    }

    @Test("is written to each namespace that it selects, with one status")
    func basic() async throws {
        await bench.store.put(try bench.clusterDistribution())
        try await bench.working {
            try await bench.tellCluster("team-a", "team-b", "other")
            try await bench.runUntilIdle()
            #expect(await holders() == ["team-a", "team-b"])
            #expect(await bench.clusterCounts() == "2/2")
            let status = try #require(await bench.clusterStatus())
            #expect(status.ready?.reason == "Synced")
            #expect(status.statusText == "Secret t is in sync in 2 namespaces.")
            #expect(status.mountGeneration == "generation-1")
            #expect(await bench.store.statuses.count == 1)
            let secret = await bench.store.secrets[key("team-a")]
            #expect(secret?.distribution == ObjectKey(namespace: "", name: "c"))
        }
    }

    @Test("follows namespaces: new ones get the Secret, one that leaves keeps it unless the policy is Delete")
    func namespaces() async throws {
        await bench.store.put(try bench.clusterDistribution(policy: .delete))
        await bench.store.put(try bench.clusterDistribution("kept", target: "k", policy: .retain))
        try await bench.working {
            try await bench.tellCluster("team-a")
            try await bench.runUntilIdle()
            await bench.controller.handle(.namespaces(.upsert(Namespace(name: "team-b", uid: "b"))))
            try await bench.runUntilIdle()
            #expect(await holders() == ["team-a", "team-b"])
            // Not selected any more.
            let distribution = try bench.clusterDistribution(to: "team-b", policy: .delete, generation: 2)
            await bench.controller.distributions(.cluster, .upsert(await bench.store.put(distribution)))
            let kept = try bench.clusterDistribution("kept", target: "k", to: "team-b", policy: .retain, generation: 2)
            await bench.controller.distributions(.cluster, .upsert(await bench.store.put(kept)))
            try await bench.runUntilIdle()
            #expect(await holders() == ["team-b"])
            #expect(await holders("k") == ["team-a", "team-b"])
            #expect(await bench.clusterCounts() == "1/1")
            // In a namespace that is being deleted, nothing is written or removed.
            await bench.controller.handle(
                .namespaces(.upsert(Namespace(name: "team-b", uid: "b", isBeingDeleted: true))))
            try await bench.runUntilIdle()
            #expect(await holders() == ["team-b"])
            #expect(await bench.clusterCounts() == "0/0")
        }
    }

    @Test("is not reported as in sync after an edit before the edit was carried out")
    func edit() async throws {
        await bench.store.put(try bench.clusterDistribution())
        try await bench.working {
            try await bench.tellCluster("team-a", "team-b")
            try await bench.runUntilIdle()
            let before = await bench.store.statuses.count
            await bench.mount(["a": "1", "b": "2"], "generation-2")
            await bench.store.hold()
            let edited = try bench.clusterDistribution(target: "u", generation: 2, from: "b")
            var next = edited
            next.status = try #require(await bench.clusterStatus())
            await bench.controller.distributions(.cluster, .upsert(await bench.store.put(next)))
            #expect(await eventually { await bench.store.writesUnderWay == 2 })
            #expect(await bench.store.statuses.count == before)
            await bench.store.release()
            #expect(await eventually { await bench.clusterStatus()?.observedGeneration == 2 })
            #expect(await bench.clusterCounts() == "2/2")
            #expect(await holders("u") == ["team-a", "team-b"])
        }
    }

    @Test("that becomes invalid keeps its namespaces, and takes none from another one")
    func becomesInvalid() async throws {
        await bench.store.put(try bench.clusterDistribution("old", to: "team-a"))
        await bench.store.put(try bench.clusterDistribution("young", to: "team-b", createdAt: "2"))
        try await bench.working {
            try await bench.tellCluster("team-a", "team-b")
            try await bench.runUntilIdle()
            var invalid = try bench.clusterDistribution("old", to: "TEAM", generation: 2)
            invalid.status = try #require(await bench.clusterStatus("old"))
            await bench.controller.distributions(.cluster, .upsert(await bench.store.put(invalid)))
            #expect(await eventually { await bench.clusterStatus("old")?.ready?.reason == "InvalidSpec" })
            #expect(await holders() == ["team-a", "team-b"])
            #expect(await bench.clusterCounts("young") == "1/1")
        }
    }

    @Test("removes nothing because of outdated labels: it reads the namespace first")
    func outdatedLabels() async throws {
        await bench.store.put(try bench.clusterDistribution(policy: .delete))
        try await bench.working {
            try await bench.tellCluster("team-a")
            try await bench.runUntilIdle()
            // The namespace is as the distribution now wants it, but its event has not arrived.
            await bench.controller.handle(.namespaces(.replace([])))
            try await bench.runUntilIdle()
            #expect(await holders() == ["team-a"])
        }
    }

    @Test("after a restart, the Secret in a namespace that left meanwhile is removed at once")
    func leftMeanwhile() async throws {
        let stored = await bench.store.put(try bench.clusterDistribution(policy: .delete))
        try await bench.working {
            try await bench.tellCluster("team-a", "team-b")
            try await bench.runUntilIdle()
        }
        var narrow = try bench.clusterDistribution(to: "team-a", policy: .delete, generation: 2)
        narrow.status = await bench.store.distributions[stored.key]?.status ?? StoredStatus()
        await bench.store.put(narrow)
        let second = Bench.ofCluster(on: bench.store)
        try await second.working {
            // The namespaces are known last.
            try await second.tellAll()
            await second.controller.distributions(.cluster, .replace(try await bench.store.list(.cluster)))
            try await second.rest()
            #expect(await holders() == ["team-a", "team-b"])
            await second.controller.handle(
                .namespaces(.replace(["team-a", "team-b"].map { Namespace(name: $0, uid: $0) })))
            #expect(await eventually { await holders() == ["team-a"] })
        }
    }

    @Test("renamed over and over leaves no verdict of the access policy behind")
    func verdicts() async throws {
        let bench = Bench.ofCluster { $0.hasPolicy = true }
        await bench.controller.policy(Policies.policy("*", to: "*"))
        await bench.store.put(try bench.distribution())
        await bench.store.put(try bench.clusterDistribution())
        try await bench.working {
            try await bench.tellCluster("team-a")
            try await bench.runUntilIdle()
            for number in 2..<6 {
                let one = try bench.distribution(target: "t\(number)", generation: number)
                await bench.controller.distributions(.all, .upsert(await bench.store.put(one)))
                let wide = try bench.clusterDistribution(target: "w\(number)", generation: number)
                await bench.controller.distributions(.cluster, .upsert(await bench.store.put(wide)))
                try await bench.rest()
            }
            #expect(await bench.controller.cache.verdicts.count == 2)
        }
    }

    @Test("removes its Secrets when it is deleted, if the policy is Delete")
    func deletion() async throws {
        let stored = await bench.store.put(try bench.clusterDistribution(policy: .delete))
        try await bench.working {
            try await bench.tellCluster("team-a", "team-b")
            try await bench.runUntilIdle()
            await bench.store.remove(stored.key)
            await bench.controller.distributions(.cluster, .delete(stored))
            try await bench.runUntilIdle()
            #expect(await holders().isEmpty)
        }
    }

    @Test(
        "after a restart, Secrets of a distribution that is gone are removed, and others are kept until the namespaces are known"
    )
    func restart() async throws {
        let stored = await bench.store.put(try bench.clusterDistribution(policy: .delete))
        try await bench.working {
            try await bench.tellCluster("team-a", "team-b")
            try await bench.runUntilIdle()
        }
        let second = Bench.ofCluster(on: bench.store)
        try await second.working {
            await second.controller.distributions(.cluster, .replace(try await bench.store.list(.cluster)))
            try await second.tellAll()
            try await second.rest()
            #expect(await holders() == ["team-a", "team-b"])
            await second.controller.handle(.namespaces(.replace([Namespace(name: "team-a", uid: "team-a")])))
            try await second.runUntilIdle()
            // The list was out of date: namespace team-b exists, and is selected.
            #expect(await holders() == ["team-a", "team-b"])
            #expect(await eventually { await bench.clusterCounts() == "2/2" })
        }
        await bench.store.remove(stored.key)
        let third = Bench.ofCluster(on: bench.store)
        try await third.working {
            try await third.tellCluster()
            try await third.runUntilIdle()
            #expect(await holders().isEmpty)
        }
    }

    @Test("that is deleted right after it was read is not taken for an existing one")
    func deletedAfterRead() async throws {
        // No second status is written, whose response would be newer than what was read.
        let bench = Bench.ofCluster { $0.clusterStatusPause = .seconds(3600) }
        func holders() async -> [String] { await bench.store.secrets.keys.map(\.namespace).sorted() }
        let first = await bench.store.put(try bench.clusterDistribution(policy: .delete))
        try await bench.working {
            try await bench.tellCluster("team-a", "team-b")
            #expect(await eventually { await bench.clusterCounts() == "2/2" })
            // The removal in the namespace that it leaves reads it.
            await bench.controller.handle(.namespaces(.upsert(Namespace(name: "team-c", uid: "c"))))
            let stored = await bench.store.distributions[first.key] ?? first
            var narrow = try bench.clusterDistribution(to: "team-[ac]", policy: .delete, generation: 2)
            narrow.status = stored.status
            let next = await bench.store.put(narrow)
            await bench.controller.distributions(.cluster, .upsert(next))
            #expect(await eventually { await holders() == ["team-a", "team-c"] })
            await bench.store.remove(first.key)
            await bench.controller.distributions(.cluster, .delete(next))
            #expect(await eventually { await holders().isEmpty })
            #expect(await bench.controller.cache.index[first.key] == nil)
        }
    }

    @Test("a new name creates the new Secrets first, and then removes the old ones")
    func rename() async throws {
        await bench.store.put(try bench.clusterDistribution(policy: .delete))
        try await bench.working {
            try await bench.tellCluster("team-a", "team-b")
            try await bench.runUntilIdle()
            let renamed = try bench.clusterDistribution(target: "new", policy: .delete, generation: 2)
            await bench.controller.distributions(.cluster, .upsert(await bench.store.put(renamed)))
            try await bench.runUntilIdle()
            #expect(await holders().isEmpty)
            #expect(await holders("new") == ["team-a", "team-b"])
            let calls = await bench.store.calls
            let create = try #require(calls.firstIndex(of: "create new"))
            let delete = try #require(calls.firstIndex(of: "delete t"))
            #expect(create < delete)
        }
    }

    @Test("a foreign Secret blocks only its namespace")
    func foreign() async throws {
        await bench.store.put(try bench.clusterDistribution())
        await bench.store.put(ObservedTarget(key: key("team-a"), uid: "x", resourceVersion: "", type: "Opaque"))
        try await bench.working {
            try await bench.tellCluster("team-a", "team-b", "team-c")
            #expect(await eventually { await bench.clusterCounts() == "2/3" })
            let status = try #require(await bench.clusterStatus())
            #expect(status.ready?.reason == "NotManaged")
            #expect(status.targets?.notInSync.map(\.namespace) == ["team-a"])
            #expect(status.statusText?.hasPrefix("Secret t is in sync in 2 of 3 namespaces. In team-a: ") == true)
            #expect(await bench.store.secrets[key("team-a")]?.managedBy == nil)
        }
    }

    @Test("a distribution of the namespace wins, and gives the Secret back when it is deleted")
    func precedence() async throws {
        await bench.store.put(try bench.clusterDistribution())
        let own = await bench.store.put(try bench.distribution(uid: "own", from: ["a"]))
        try await bench.working {
            await bench.controller.distributions(.cluster, .replace(try await bench.store.list(.cluster)))
            await bench.controller.handle(
                .namespaces(.replace([Namespace(name: "team-a"), Namespace(name: "web")])))
            let wide = try bench.clusterDistribution(to: "*", generation: 2)
            await bench.controller.distributions(.cluster, .upsert(await bench.store.put(wide)))
            try await bench.tellAll()
            #expect(await eventually { await bench.clusterCounts() == "1/2" })
            let problem = try #require(await bench.clusterStatus()?.targets?.notInSync.first)
            #expect(problem.namespace == "web" && problem.reason == "TargetConflict")
            #expect(
                problem.message.hasPrefix("Secret t belongs to SecretsDistribution d, which belongs to the namespace"))
            #expect(await bench.store.secrets[key("web")]?.distribution == own.key)
            await bench.store.remove(own.key)
            await bench.controller.distributions(.all, .delete(own))
            #expect(await eventually { await bench.clusterCounts() == "2/2" })
            #expect(await bench.store.secrets[key("web")]?.distribution == ObjectKey(namespace: "", name: "c"))
        }
    }

    @Test("of two, the older one wins")
    func twoOfThem() async throws {
        await bench.store.put(try bench.clusterDistribution("young", createdAt: "2"))
        let old = await bench.store.put(try bench.clusterDistribution("old", createdAt: "1"))
        try await bench.working {
            try await bench.tellCluster("team-a", "team-b")
            #expect(await eventually { await bench.clusterCounts("young") == "0/2" })
            #expect(await eventually { await bench.clusterCounts("old") == "2/2" })
            #expect(await bench.clusterStatus("young")?.ready?.reason == "TargetConflict")
            await bench.store.remove(old.key)
            await bench.controller.distributions(.cluster, .delete(old))
            #expect(await eventually { await bench.clusterCounts("young") == "2/2" })
        }
    }

    @Test("the access policy is evaluated for each namespace")
    func policy() async throws {
        let bench = Bench.ofCluster { $0.hasPolicy = true }
        await bench.store.put(try bench.clusterDistribution())
        await bench.controller.policy(Policies.policy("*", to: "team-a"))
        try await bench.working {
            try await bench.tellCluster("team-a", "team-b")
            #expect(await eventually { await bench.clusterCounts() == "1/2" })
            let problem = try #require(await bench.clusterStatus()?.targets?.notInSync.first)
            #expect(problem.namespace == "team-b" && problem.reason == "PolicyDenied")
            #expect(await bench.store.secrets.keys.map(\.namespace) == ["team-a"])
        }
    }

    @Test("drift is repaired, and a rotation is written everywhere and reported once")
    func driftAndRotation() async throws {
        await bench.store.put(try bench.clusterDistribution())
        try await bench.working {
            try await bench.tellCluster("team-a", "team-b")
            try await bench.runUntilIdle()
            var edited = try #require(await bench.store.secrets[key("team-a")])
            edited.digests = [:]
            await bench.controller.targets(.all, .upsert(await bench.store.put(edited)))
            try await bench.runUntilIdle()
            #expect(await bench.store.secrets[key("team-a")]?.digests["a"] == bench.digest("1"))
            let before = await bench.store.statuses.count
            await bench.mount(["a": "2"], "generation-2")
            try await bench.runUntilIdle()
            for namespace in ["team-a", "team-b"] {
                #expect(await bench.store.secrets[key(namespace)]?.digests["a"] == bench.digest("2"))
            }
            #expect(await bench.store.statuses.count == before + 1)
            #expect(await bench.clusterStatus()?.mountGeneration == "generation-2")
        }
    }

    @Test("its problems are named for the first hundred namespaces")
    func manyProblems() async throws {
        await bench.store.put(try bench.clusterDistribution(to: "*", from: "missing"))
        try await bench.working {
            await bench.controller.distributions(.cluster, .replace(try await bench.store.list(.cluster)))
            let all = (100..<250).map { Namespace(name: "team-\($0)") }
            await bench.controller.handle(.namespaces(.replace(all)))
            try await bench.tellAll()
            #expect(await eventually { await bench.clusterCounts() == "0/150" })
            let targets = try #require(await bench.clusterStatus()?.targets)
            #expect(targets.notInSync.map(\.namespace) == (100..<200).map { "team-\($0)" })
        }
    }

    @Test("an invalid one says why, without a message for each namespace")
    func invalid() async throws {
        let invalid = try bench.clusterDistribution(target: "NOT VALID")
        await bench.store.put(invalid)
        try await bench.working {
            try await bench.tellCluster("team-a")
            #expect(await eventually { await bench.clusterStatus()?.ready?.reason == "InvalidSpec" })
            #expect(await bench.clusterStatus()?.statusText?.hasPrefix("spec.template.name is") == true)
        }
    }

    @Test("without a list of namespaces its status says why, and nothing else is affected")
    func forbidden() async throws {
        await bench.store.put(try bench.clusterDistribution())
        await bench.store.put(try bench.distribution(uid: "own"))
        try await bench.working {
            await bench.controller.distributions(.cluster, .replace(try await bench.store.list(.cluster)))
            await bench.controller.handle(.namespacesWatch(.failed(.forbidden("cannot list namespaces: forbidden"))))
            try await bench.tellAll()
            #expect(await eventually { await bench.clusterStatus()?.ready?.reason == "WriteFailed" })
            #expect(
                await bench.clusterStatus()?.statusText
                    == "Nothing is written: the namespaces cannot be listed: cannot list namespaces: forbidden.")
            #expect(await eventually { await bench.secret("t") != nil })
            #expect(await bench.controller.unreadiness.isEmpty)
        }
    }

    @Test("with WATCH_NAMESPACES its status says that it cannot be served")
    func watchNamespaces() async throws {
        let bench = Bench(on: FakeStore()) { $0.scopes = [.namespace("web"), .cluster] }
        await bench.store.put(try bench.clusterDistribution())
        try await bench.working {
            await bench.controller.distributions(.cluster, .replace(try await bench.store.list(.cluster)))
            await bench.controller.distributions(.namespace("web"), .replace([]))
            await bench.controller.targets(.namespace("web"), .replace([]))
            await bench.mount()
            #expect(await eventually { await bench.clusterStatus()?.ready?.reason == "WriteFailed" })
            #expect(await bench.clusterStatus()?.statusText?.contains("WATCH_NAMESPACES") == true)
        }
    }

    @Test("without the resource definition, the agent is ready and works")
    func noDefinition() async throws {
        await bench.store.put(try bench.distribution())
        try await bench.working {
            await bench.controller.distributionsFailed(.cluster, .forbidden("it is not installed"))
            try await bench.tellAll()
            try await bench.runUntilIdle()
            #expect(await bench.controller.unreadiness.isEmpty)
            #expect(await bench.secret("t") != nil)
            #expect(bench.controller.probes.hasStarted)
        }
    }
}
