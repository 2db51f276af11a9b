import Distribution
import FoundationEssentials
import JSON
import Kube
import TestSupport
import TestTraits
import Testing

/// The maximum that one namespace can send with the quota from `docs/security.md`: 20 distributions and 20 Secrets that
/// look like ours, each as large as the server accepts, with a definition without limits.
@Suite("The memory that one tenant can use", .endsIfHung)
struct TenantMemoryTests {
    private static let quota = 20

    enum Attack: String, CaseIterable, CustomTestStringConvertible {
        case kept = "objects of which much would be kept"
        case asked = "targets that are Secrets of 9 MiB as JSON, without a label, so that each is asked for by name"

        var testDescription: String { rawValue }
    }

    @Test(
        "leaves the agent running in the example's container, and the others served, also after a restart",
        arguments: Attack.allCases)
    func worst(_ attack: Attack) async throws {
        let server = try await APIServer.start()
        do {
            try await server.install(definition: try World.manifest("sidecar-example/crd.yaml").withoutBounds)
            try await worst(attack, on: server)
        } catch {
            await server.end()
            throw error
        }
        await server.end()
    }

    private func worst(_ attack: Attack, on server: APIServer) async throws {
        let world = try await World(on: server)
        let volume = try AtomicVolume(world.mount)
        try volume.write(["a": "0"])
        let policy = world.directory("policy.yaml")
        try writeFile(policy, #"{kind: SecretsAccessPolicy, spec: {rules: [{namespaces: ["*"], files: [a]}]}}"#)
        try await world.create(world.distribution("other", [("a", "a")]))
        let hostile = try await server.namespace()

        let limit = try MemoryGroup.exampleLimit()
        let group = try MemoryGroup(limit: limit)
        defer { group?.remove() }
        let start = {
            try await Binary(
                ["run"],
                environment: [
                    "SECRETS_PATH": world.mount, "MANAGED_BY": world.namespace, "DEBOUNCE_QUIET": "20ms",
                    "KUBECONFIG": try server.kubeconfig(), "POLICY_PATH": policy,
                ], wrapper: group?.wrapper ?? [])
        }
        func check(_ what: String, _ agent: Binary, value: String) async throws {
            try volume.write(["a": value])
            try await world.expect("other", ["a": value])
            print(
                "\(what): \(agent.memory)", group?.figures ?? "no memory cgroup can be made here: measured, not limited"
            )
            #expect(group?.kills ?? 0 == 0)
            #expect(!agent.hasEnded, "\(agent.errors.suffix(2000))")
            if group == nil { #expect(agent.peak < limit, "\(agent.memory)") }
        }
        let first = try await start()
        try await check("without them", first, value: "1")
        for number in 0..<Self.quota {
            let (distribution, secret) =
                switch attack {
                case .kept:
                    (hostileDistribution(number, in: hostile), hostileSecret(number, mark: world.namespace))
                case .asked:
                    (
                        world.distribution("d\(number)", [("a", "a")])
                            .merging(["metadata": ["namespace": .string(hostile)]]),
                        largeSecret("d\(number)")
                    )
                }
            // Requests only the metadata in the response: the test's client has limits too.
            var create = Request.create(.secrets, namespace: hostile, secret)
            create.accept = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
            try await untilDone { _ = try await server.client.send(create) }
            try await untilDone {
                try await server.client.create(.secretsDistributions, namespace: hostile, distribution)
            }
        }
        try await check("\(Self.quota) of each as events", first, value: "2")
        if attack == .asked {
            let isReported = try await eventually {
                let told = try await server.client.get(
                    SecretsDistribution.self, .secretsDistributions, namespace: hostile, name: "d0")
                return told.status.ready?.message.contains("Secret \(hostile)/d0 is not used") == true
            }
            #expect(isReported)
        }
        await first.stop()
        let second = try await start()
        try await check("\(Self.quota) of each at the start", second, value: "3")
        await second.stop()
    }

    /// Repeats a create: a server on a busy machine may respond 500 although it has created the object.
    private func untilDone(_ create: () async throws -> Void) async throws {
        let isDone = try await eventually {
            do {
                try await create()
                return true
            } catch let error as KubeError {
                if case .alreadyExists = error.kind { return true }
                guard error.isRetryable else { throw error }
                return false
            }
        }
        #expect(isDone)
    }

    private func hostileDistribution(_ number: Int, in namespace: String) -> JSONValue {
        let text = { (count: Int) in String(repeating: "x", count: count) }
        let folders = String(repeating: "/x", count: 23)
        var spec: [String: JSONValue] = ["name": .string("s\(number)"), "secrets": [["from": "b", "to": "b"]]]
        switch number % 5 {
        case 0:
            let labels = (0..<140_000).map { (String($0, radix: 36), JSONValue("!")) }
            spec["metadata"] = ["labels": .object(Dictionary(uniqueKeysWithValues: labels))]
        case 1, 2:
            let mappings = (0..<340).map { number -> JSONValue in
                ["from": .string("\(number)\(text(3900))\(folders)/f"), "to": .string("k\(number)")]
            }
            spec["secrets"] = .array(mappings)
        default:
            let mappings = (0..<1000).map { number -> JSONValue in
                ["from": .string(String(repeating: "\u{1}", count: 200)), "to": .string("k\(number)")]
            }
            spec["secrets"] = .array(mappings)
        }
        return [
            "apiVersion": "xlscsde.nhs.uk/v1", "kind": "SecretsDistribution",
            "metadata": ["name": .string("d\(number)"), "namespace": .string(namespace)], "spec": .object(spec),
        ]
    }

    /// A Secret with a type whose JSON escapes are six times as long, and without our marks.
    private func largeSecret(_ name: String) -> JSONValue {
        [
            "apiVersion": "v1", "kind": "Secret", "metadata": ["name": .string(name)],
            "type": .string(String(repeating: "<", count: 1_400_000)),
        ]
    }

    /// A Secret with our marks, more keys than any of ours has, and as much content as a Secret may have.
    private func hostileSecret(_ number: Int, mark: String) -> JSONValue {
        // Many keys cause a lot of work in the server itself.
        let count = number % 5 == 0 ? 10_000 : 1001
        var data = Dictionary(uniqueKeysWithValues: (0..<count).map { (String($0, radix: 36), JSONValue("")) })
        data["content"] = .string(Data(repeating: 1, count: 900 << 10).base64EncodedString())
        return [
            "apiVersion": "v1", "kind": "Secret",
            "metadata": [
                "name": .string("d\(number)"), "labels": [WellKnownKeys.managedByLabel: .string(mark)],
                "annotations": [WellKnownKeys.managedBy: .string(mark)],
            ],
            "data": .object(data),
        ]
    }
}

extension JSONValue {
    /// A definition without limits, as an administrator may install it. The maps are atomic: otherwise the server
    /// records the owner of each single label, which takes half a minute.
    fileprivate var withoutBounds: JSONValue {
        let bounds: Set = [
            "maxLength", "maxItems", "maxProperties", "pattern", "x-kubernetes-validations", "x-kubernetes-list-type",
            "x-kubernetes-list-map-keys",
        ]
        return switch self {
        case .object(var members):
            {
                if members["additionalProperties"] != nil { members["x-kubernetes-map-type"] = "atomic" }
                return .object(members.filter { !bounds.contains($0.key) }.mapValues(\.withoutBounds))
            }()
        case .array(let elements): .array(elements.map(\.withoutBounds))
        default: self
        }
    }
}
