import FoundationEssentials
import JSON
import Kube
import KubeRuntime
import LinuxIO
import TestSupport
import YAML

/// A real API server for one scenario, with the resource definition and two users that may do everything.
struct Cluster: Sendable {
    /// The program's user.
    static let agent = "erin"
    /// The user of the reference's requests.
    static let reference = "alice"

    let server: APIServer

    var client: KubeClient { server.client }
    var auditLog: String { server.file("audit.log") }

    /// Starts a cluster, and ends it after `body`.
    static func with<Result>(_ body: (Cluster) async throws -> Result) async throws -> Result {
        var options = APIServer.Options.withWorkloads
        // Default plugins, as far as they work without a controller manager.
        options.disabledAdmission = ["ServiceAccount"]
        // As in production.
        options.environment = []
        let server = try await APIServer.start(options)
        do {
            let cluster = Cluster(server: server)
            try await cluster.prepare()
            let result = try await body(cluster)
            await end(server)
            return result
        } catch {
            await end(server)
            throw error
        }
    }

    /// Also removes its data, which are in memory.
    private static func end(_ server: APIServer) async {
        await server.end()
        removeTree(String(server.file("").dropLast()))
    }

    private func prepare() async throws {
        try await install("sidecar-example/crd.yaml")
        let group = "rbac.authorization.k8s.io"
        let bindings = Resource(group: group, plural: "clusterrolebindings")
        for user in [Self.agent, Self.reference] {
            try await client.create(
                bindings,
                [
                    "apiVersion": .string(group + "/v1"), "kind": "ClusterRoleBinding",
                    "metadata": ["name": .string(user)],
                    "roleRef": ["apiGroup": .string(group), "kind": "ClusterRole", "name": "cluster-admin"],
                    "subjects": [["kind": "User", "name": .string(user), "apiGroup": .string(group)]],
                ])
        }
    }

    /// Installs the resource definition of a file of the repository.
    func install(_ path: String) async throws {
        let root = String(#filePath.dropLast("Tests/Benchmark/World/Cluster.swift".count))
        let file = try Data(contentsOf: URL(fileURLWithPath: root + path))
        for document in try YAMLParser.documents(in: Array(file)) {
            try await server.install(definition: JSONValue(json: document.json()))
        }
    }

    /// Waits until there has been no request for a second: a server that was just busy takes longer than one at rest,
    /// and rotations usually reach one at rest.
    func rest() async throws {
        var tail = AuditTail(self)
        try await tail.wait(forSilenceOf: .seconds(1))
    }

    func namespaces(_ count: Int) async throws -> [String] {
        let names = Mutex<[String]>([])
        try await concurrently(count) { _ in
            let name = try await self.server.namespace()
            names.withLock { $0.append(name) }
        }
        return names.withLock { $0 }
    }
}

/// Does `work` for each number below `count`, at most `width` at once.
func concurrently(
    _ count: Int, width: Int = 32, _ work: @escaping @Sendable (Int) async throws -> Void
) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
        for number in 0..<count {
            if number >= width { _ = try await group.next() }
            group.addTask { try await work(number) }
        }
        try await group.waitForAll()
    }
}
