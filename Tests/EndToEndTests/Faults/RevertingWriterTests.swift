import Distribution
import FoundationEssentials
import JSON
import Kube
import TestSupport
import TestTraits
import Testing

@Suite("Other clients that change our Secrets", .endsIfHung)
struct RevertingWriterTests {
    /// Another controller, which reverts our writes as soon as it sees them. Like any controller, it tries again after an
    /// error, which a busy server returns.
    private func revert(_ world: World, _ patch: JSONValue, while isOurs: (LiveSecret) -> Bool) async {
        while !Task.isCancelled {
            guard let secret = try? await world.secret("hot"), isOurs(secret) else {
                try? await Task.sleep(for: .milliseconds(1))
                continue
            }
            var request = Request.mergePatch(.secrets, namespace: world.namespace, name: "hot", patch)
            request.query = [.init(name: "fieldManager", value: "other-controller")]
            _ = try? await world.client.send(request)
        }
    }

    @Test(
        "a controller that reverts each write gets few of them, is named in the status, and is overruled in the end",
        arguments: ["data", "label"])
    func fight(over part: String) async throws {
        let world = try await World()
        try AtomicVolume(world.mount).write(["a": "ours"])
        try await world.create(world.distribution("hot", [("a", "a")]))
        let ours = Data("ours".utf8)
        let namespace = world.namespace
        let patch: JSONValue =
            part == "data"
            ? ["stringData": ["a": "theirs"]]
            : ["metadata": ["labels": [WellKnownKeys.managedByLabel: .string("\(namespace)-theirs")]]]
        try await world.withAgent {
            try await world.expect("hot", .synced)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    await revert(world, patch) { secret in
                        part == "data"
                            ? secret.data?["a"] == ours
                            : secret.metadata.labels?[WellKnownKeys.managedByLabel] == namespace
                    }
                }
                try await world.expect("hot", .writeFailed)
                let text = try await world.distribution("hot").status.statusText
                #expect(text?.contains("\"other-controller\"") == true, "\(text ?? "")")
                group.cancelAll()
                while let result = await group.nextResult() { _ = result }
            }
            let writes = try world.server.served(in: namespace).count {
                ["patch", "update"].contains($0.verb) && $0.objectRef?.resource == "secrets"
            }
            // Our writes and theirs.
            #expect(writes < 60)
            try await world.expect("hot", ["a": "ours"])
            try await world.expect("hot", .synced)
        }
    }

    /// Changes each Secret before it reaches the server, as a mutating admission webhook does before it is stored.
    private struct Mutating: KubeTransport {
        let transport: any KubeTransport
        let change: @Sendable (JSONValue) -> JSONValue

        func send(_ request: Request) async throws(KubeError) -> Response {
            var request = request
            if request.operation.resource == "secrets", [.post, .put, .patch].contains(request.method),
                let body = try? JSONBytes.decode(JSONValue.self, from: request.body)
            {
                request.body = change(body).encoded()
            }
            return try await transport.send(request)
        }

        func stream(_ request: Request) async throws(KubeError) -> any ByteStream {
            try await transport.stream(request)
        }
    }

    @Test("a write that the server stores differently is reported and not repeated in a loop")
    func altered() async throws {
        let world = try await World()
        let volume = try AtomicVolume(world.mount)
        try volume.write(["a": "1 ", "b": "2"])
        try await world.create(world.distribution("hot", [("a", "a"), ("b", "b")]))
        let trimmed = JSONValue.string(Data("1".utf8).base64EncodedString())
        let transport = Mutating(transport: world.client) { body in
            guard body["data"]?["a"] != nil else { return body }
            return body.merging(["data": ["a": trimmed, "b": nil, "injected": trimmed]])
        }
        try await world.withAgent(over: transport, { $0.resyncInterval = .milliseconds(200) }) {
            try await world.expect("hot", .writeFailed)
            let text = try await world.distribution("hot").status.statusText ?? ""
            for part in ["\"a\" differs", "\"b\" is missing", "\"injected\" was added"] {
                #expect(text.contains(part), "\(text)")
            }
            let lists = { try world.server.served(in: world.namespace).count { $0.verb == "list" } }
            let before = try lists()
            #expect(try await eventually { try lists() >= before + 8 })
        }
        let writes = try world.server.served(in: world.namespace).filter {
            $0.objectRef?.resource == "secrets" && ["create", "patch", "update"].contains($0.verb)
        }
        #expect(writes.count == 1)
    }
}
