import Agent
import Distribution
import FoundationEssentials
import JSON
import Kube
import KubeRuntime
import TestSupport
import Testing
import YAML

/// The environment of one test: a namespace and an owner mark on a real API server, and a mount that is written as the
/// kubelet does.
final class World: Sendable {
    let server: APIServer
    let namespace: String
    let directory: TemporaryDirectory
    let logs = LineRecorder()

    var mount: String { directory("mount") }
    var client: KubeClient { server.client }

    init(on server: APIServer? = nil) async throws {
        if let server {
            self.server = server
        } else {
            self.server = try await Self.current()
        }
        namespace = try await self.server.namespace()
        directory = try TemporaryDirectory()
    }

    /// The same namespace, mount and mark with a separate log, for a second agent.
    init(sharing other: World) async throws {
        server = other.server
        namespace = other.namespace
        directory = other.directory
    }

    /// The shared server with the definition from `sidecar-example`, without its validation rules: the agent itself
    /// rejects on every server what the rules reject on newer ones. `ExampleTests` tests the rules.
    static func current() async throws -> APIServer {
        let server = try await APIServer.shared()
        try await server.install(definition: try Self.manifest("sidecar-example/crd.yaml").withoutRules)
        return server
    }

    /// The first document of a file of the repository.
    static func manifest(_ path: String) throws -> JSONValue {
        try #require(manifests(path).first)
    }

    static func manifests(_ path: String) throws -> [JSONValue] {
        try YAMLParser.documents(in: text(path)).map { try JSONValue(json: $0.json()) }
    }

    /// A file of the repository.
    static func text(_ path: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(fileURLWithPath: Self.path(path))))
    }

    /// The absolute path of a file of the repository.
    static func path(_ path: String) -> String {
        String(#filePath.dropLast("Tests/EndToEndTests/Support/World.swift".count)) + path
    }

    /// Settings with short times, for this world's namespace and mark.
    var settings: Settings {
        var settings = Settings()
        settings.secretsPath = mount
        settings.managedBy = namespace
        settings.watchNamespaces = [namespace]
        settings.debounceQuiet = .milliseconds(20)
        settings.pollInterval = .seconds(1)
        // Longer than any test, even on a busy machine: a test that needs a resync says so.
        settings.resyncInterval = .seconds(86_400)
        settings.listenAddress = nil
        return settings
    }

    // MARK: The agent

    /// Runs the agent in this process while `body` runs, and ends it as SIGTERM does.
    ///
    /// - Parameter user: the agent's user on the API server.
    func withAgent<Result: Sendable>(
        as user: APIServer.User = .admin, _ configure: (inout Settings) -> Void = { _ in },
        _ body: () async throws -> Result
    ) async throws -> Result {
        let client = try server.client(user)
        defer { client.shutdown() }
        return try await withAgent(over: client, configure, body)
    }

    func withAgent<Result: Sendable>(
        over transport: any KubeTransport, drainTimeout: Duration = .seconds(2),
        _ configure: (inout Settings) -> Void = { _ in }, _ body: () async throws -> Result
    ) async throws -> Result {
        var settings = settings
        configure(&settings)
        let logger = logs.logger
        let backend = Backend(transport, settings, namespace: namespace, logger: logger, drainTimeout: drainTimeout)
        let agent = Agent(settings: settings, backend: backend, logger: logger)
        let (stops, stop) = AsyncStream<Void>.makeStream()
        async let running: Void = agent.run(until: stops)
        do {
            let result = try await body()
            stop.finish()
            try await running
            return result
        } catch {
            stop.finish()
            try await running
            throw error
        }
    }

    // MARK: Distributions

    /// A manifest with `mappings` of `from` and `to`.
    func distribution(
        _ name: String, secret: String? = nil, type: String? = nil, _ mappings: [(String, String)],
        policy: DeletionPolicy? = nil, annotations: [String: String] = [:], extra: [String: JSONValue] = [:]
    ) -> JSONValue {
        var spec: [String: JSONValue] = [
            "name": .string(secret ?? name),
            "secrets": .array(mappings.map { ["from": .string($0.0), "to": .string($0.1)] }),
        ]
        if let type { spec["type"] = .string(type) }
        if let policy { spec["deletionPolicy"] = .string(policy.rawValue) }
        spec.merge(extra) { $1 }
        return [
            "apiVersion": "xlscsde.nhs.uk/v1", "kind": "SecretsDistribution",
            "metadata": [
                "name": .string(name), "namespace": .string(namespace),
                "annotations": .object(annotations.mapValues { .string($0) }),
            ],
            "spec": .object(spec),
        ]
    }

    @discardableResult
    func create(_ distribution: JSONValue) async throws -> ObjectMeta {
        try await client.create(.secretsDistributions, namespace: namespace, distribution)
    }

    func patch(_ name: String, _ patch: JSONValue) async throws {
        try await client.patch(.secretsDistributions, namespace: namespace, name: name, patch)
    }

    func delete(_ name: String) async throws {
        try await client.delete(.secretsDistributions, namespace: namespace, name: name, uid: nil)
    }

    func distribution(_ name: String) async throws -> SecretsDistribution {
        try await client.get(SecretsDistribution.self, .secretsDistributions, namespace: namespace, name: name)
    }

    /// Waits until `Ready` has this reason.
    func expect(
        _ name: String, _ reason: Reason, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let isSo = try await eventually {
            try await self.distribution(name).status.ready?.reason == reason.rawValue
        }
        let ready = try await distribution(name).status.ready
        try #require(
            isSo, "\(name) is \(ready?.reason ?? "none"): \(ready?.message ?? "")", sourceLocation: sourceLocation)
    }

    // MARK: Secrets

    func secret(_ name: String) async throws -> LiveSecret? {
        do {
            return try await client.get(LiveSecret.self, .secrets, namespace: namespace, name: name)
        } catch {
            guard case .notFound = error.kind else { throw error }
            return nil
        }
    }

    /// Waits until the Secret holds exactly these values.
    func expect(
        _ name: String, _ values: [String: String], sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let wanted = values.mapValues { Data($0.utf8) }
        let isSo = try await eventually { try await self.secret(name)?.data == wanted }
        try #require(isSo, "Secret \(name) does not have the expected content", sourceLocation: sourceLocation)
    }

    /// Edits a Secret as a person would.
    func patchSecret(_ name: String, _ patch: JSONValue) async throws {
        try await client.patch(.secrets, namespace: namespace, name: name, patch)
    }

    func create(secret name: String, type: String? = nil, managedBy: String?, _ data: [String: String]) async throws {
        var metadata: [String: JSONValue] = ["name": .string(name)]
        if let managedBy { metadata["annotations"] = [WellKnownKeys.managedBy: .string(managedBy)] }
        var secret: [String: JSONValue] = [
            "apiVersion": "v1", "kind": "Secret", "metadata": .object(metadata),
            "stringData": .object(data.mapValues { .string($0) }),
        ]
        if let type { secret["type"] = .string(type) }
        try await client.create(.secrets, namespace: namespace, .object(secret))
    }
}

/// A Secret with its values; only tests may hold it.
struct LiveSecret: KubeObject {
    let metadata: ObjectMeta
    let type: String?
    let immutable: Bool?
    let data: [String: Data]?

    init(reading json: JSONNode) throws(JSONBytes.Failure) {
        metadata = try ObjectMeta(reading: json.required("metadata"))
        type = try json["type"]?.asString()
        immutable = try json["immutable"]?.asBool()
        let texts = try json["data"]?.asStrings()
        data = texts?.compactMapValues { Data(base64Encoded: $0) }
        if data?.count != texts?.count { try json.fails("is not base64", at: ".data") }
    }

    var version: String? { metadata.resourceVersion }
}
