import Agent
import Distribution
import Glibc
import JSON
import Kube
import TestSupport
import TestTraits
import Testing

/// A tenant that may write Secrets or distributions in one namespace tries to stop the agent for all others.
@Suite("With malicious objects of a tenant", .endsIfHung)
struct PoisonedObjectTests {
    private let everywhere: @Sendable (inout Settings) -> Void = { $0.watchNamespaces = nil }

    /// Adds a part that the agent does not use, nested 600 deep; the API server stores it.
    private func deep(_ object: JSONValue) -> JSONValue {
        let fields: JSONValue = (0..<600).reduce([:]) { inner, _ in ["f:a": inner] }
        return object.merging([
            "metadata": [
                "managedFields": [
                    [
                        "manager": "tenant", "operation": "Update", "fieldsType": "FieldsV1", "fieldsV1": fields,
                        "apiVersion": object["apiVersion"] ?? "", "time": "2026-01-01T00:00:00Z",
                    ]
                ]
            ]
        ])
    }

    private func plant(_ name: String, in tenant: World, for agent: World, type: String = "Opaque") -> JSONValue {
        [
            "apiVersion": "v1", "kind": "Secret", "type": .string(type),
            "metadata": [
                "name": .string(name), "namespace": .string(tenant.namespace),
                "labels": [WellKnownKeys.managedByLabel: .string(agent.namespace)],
            ],
        ]
    }

    /// Adds a part that the agent does not use, with half a surrogate pair, which the server accepts.
    private func brokenText(_ request: Request) -> Request {
        var request = request
        let body = String(decoding: request.body, as: UTF8.self)
        request.body = Array(body.replacing(#"{"f:a":{}}"#, with: #"{"f:\ud800":{"f:\udfff":{}}}"#).utf8)
        return request
    }

    @Test("nested 600 deep, the agent starts, serves all, and notices all changes")
    func nesting() async throws {
        try await withServer { world in
            let volume = try AtomicVolume(world.mount)
            try volume.write(["a": "1"])
            let tenant = try await World(on: world.server)
            func poison(_ name: String) async throws {
                try await tenant.create(deep(tenant.distribution(name, [("a", "a")])))
                try await tenant.client.create(
                    .secrets, namespace: tenant.namespace, deep(plant("planted-\(name)", in: tenant, for: world)))
                let manifest = deep(plant("broken-\(name)", in: tenant, for: world))
                let request = Request.create(.secrets, namespace: tenant.namespace, manifest)
                let broken = brokenText(request)
                try #require(broken != request)
                _ = try await tenant.client.send(broken)
                let stored = try await tenant.client.send(
                    .get(.secretsDistributions, namespace: tenant.namespace, name: name))
                let text = String(decoding: stored.body, as: UTF8.self)
                try #require(text.contains(String(repeating: #"{"f:a":"#, count: 600)))
            }
            try await world.create(world.distribution("good", [("a", "a")]))
            try await poison("first")
            try await world.withAgent(everywhere) {
                try await world.expect("good", .synced)
                try await tenant.expect("first", .synced)
                try await poison("second")
                try await tenant.expect("second", .synced)
                try await world.patchSecret("good", ["stringData": ["a": "by hand"]])
                try await world.expect("good", ["a": "1"])
            }
            let restarted = try await World(sharing: world)
            try await restarted.withAgent(everywhere) {
                #expect(await eventually { restarted.logs.count("first pass done") == 1 })
                try volume.write(["a": "2"])
                try await world.expect("good", ["a": "2"])
                for name in ["first", "second"] { try await tenant.expect(name, ["a": "2"]) }
            }
            for logs in [world.logs, restarted.logs] {
                #expect(logs.count("watch failed") == 0 && logs.count("cannot be read") == 0, "\(logs.lines)")
            }
        }
    }

    /// The server accepts any text as the type of a Secret and as an annotation. The agent rejects texts with more than
    /// 30 combining marks in a row.
    @Test("with text that cannot be read, lists and watches go on, and the log names the Secret")
    func text() async throws {
        try await withServer { world in
            try AtomicVolume(world.mount).write(["a": "1"])
            let tenant = try await World(on: world.server)
            let marks = "a" + String(repeating: "\u{301}", count: 40)
            func poison(_ name: String) async throws {
                let note: JSONValue = ["metadata": ["annotations": ["note": .string(marks)]]]
                for secret in [
                    plant("typed-\(name)", in: tenant, for: world, type: marks),
                    plant("noted-\(name)", in: tenant, for: world).merging(note),
                ] {
                    try await send(.create(.secrets, namespace: tenant.namespace, secret), tenant)
                }
                let distribution = tenant.distribution(name, [("a", "a")]).merging(note)
                try await send(.create(.secretsDistributions, namespace: tenant.namespace, distribution), tenant)
            }
            try await world.create(world.distribution("good", [("a", "a")]))
            try await poison("first")
            try await world.withAgent(everywhere) {
                try await world.expect("good", .synced)
                try await poison("second")
                for name in ["typed-first", "noted-first", "typed-second", "noted-second"] {
                    let secret = "\(tenant.namespace)/\(name)"
                    #expect(await eventually { world.logs.contains("secret cannot be used", secret) })
                }
                try await world.patchSecret("good", ["stringData": ["a": "by hand"]])
                try await world.expect("good", ["a": "1"])
            }
            for fault in ["watch failed", "watch event cannot be read", "secrets are read one by one"] {
                #expect(world.logs.count(fault) == 0, "\(world.logs.lines)")
            }
            // It reports the distribution that is not served, and no list.
            let pass = try await Binary.run(
                ["sync"],
                environment: [
                    "SECRETS_PATH": world.mount, "MANAGED_BY": world.namespace,
                    "KUBECONFIG": try world.server.kubeconfig(),
                ])
            #expect(!(pass.output + pass.errors).contains("cannot be listed"), "\(pass.output)\(pass.errors)")
        }
    }

    /// `type` can be as long as a request to etcd, and Go escapes `<` in JSON as six bytes.
    @Test("twelve Secrets of 4.5 MB as JSON fit into the container, and others' repairs do not wait for them")
    func size() async throws {
        try await withServer { world in
            let volume = try AtomicVolume(world.mount)
            try volume.write(["a": "1"])
            let tenant = try await World(on: world.server)
            let type = String(repeating: "<", count: 750_000)
            for number in 0..<12 {
                try await send(
                    .create(
                        .secrets, namespace: tenant.namespace,
                        plant("large-\(number)", in: tenant, for: world, type: type)), tenant)
            }
            try await tenant.create(tenant.distribution("large-0", [("a", "a")]))
            let names = (0..<20).map { "good-\($0)" }
            for name in names { try await world.create(world.distribution(name, [("a", "a")])) }

            let limit = 64 << 20
            let group = try MemoryGroup(limit: limit)
            defer { group?.remove() }
            let agent = try await Binary(
                ["run"],
                environment: [
                    "SECRETS_PATH": world.mount, "MANAGED_BY": world.namespace,
                    "KUBECONFIG": try world.server.kubeconfig(), "DEBOUNCE_QUIET": "20ms",
                ],
                wrapper: group?.wrapper ?? [])
            for name in names { try await world.expect(name, .synced) }
            try await tenant.expect("large-0", .notManaged)
            let reference = try await repairs(of: names.prefix(10), world)
            // One write before each edit, so that the event of the edit follows the large event.
            var writes = Duration.zero
            let all = try await repairs(of: names.suffix(10), world) { name in
                let start = ContinuousClock.now
                let patch: JSONValue = ["metadata": ["annotations": ["before": .string(name)]]]
                try await send(.mergePatch(.secrets, namespace: tenant.namespace, name: "large-1", patch), tenant)
                writes += ContinuousClock.now - start
            }
            print("ten repairs: \(reference), behind ten writes of \(writes): \(all - writes)", group?.figures ?? "")
            // About the time that the server itself needs for such an object; a watch that ends each time would take
            // minutes.
            #expect(all - writes < (reference + writes) * 60)
            let peak = agent.peak
            agent.signal(SIGTERM)
            let ended = await agent.ended()
            #expect(ended.status == 0)
            for fault in ["watch failed", "cannot be read"] {
                #expect(!ended.errors.contains(fault), "\(ended.errors.prefix(4000))")
            }
            #expect(group?.kills ?? 0 == 0, "\(group?.figures ?? "")")
            if group == nil { #expect(peak > 0 && peak < limit) }
        }
    }

    /// Requests only the metadata in the response.
    private func send(_ request: Request, _ world: World) async throws {
        var request = request
        request.accept = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
        _ = try await world.client.send(request)
    }

    /// The time until hand edits, one after the other, are repaired.
    private func repairs(
        of names: some Sequence<String>, _ world: World, besides: (String) async throws -> Void = { _ in }
    ) async throws -> Duration {
        let start = ContinuousClock.now
        for name in names {
            try await besides(name)
            try await world.patchSecret(name, ["stringData": ["a": "by hand"]])
            try await world.expect(name, ["a": "1"])
        }
        return ContinuousClock.now - start
    }
}
