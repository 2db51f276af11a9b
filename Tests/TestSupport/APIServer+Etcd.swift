import FoundationEssentials
import JSON
import Kube
import KubeConfig
import KubeRuntime

/// Changes etcd directly, without the API server, through its gRPC gateway: bytes are base64, 64-bit numbers are
/// strings.
extension APIServer {
    /// Removes all earlier revisions: continue tokens and old resource versions expire.
    package func compact() async throws {
        try await withEtcd { post in
            let revision = try await post("/v3/kv/range", ["key": "AA=="])["header"]?["revision"]?.string ?? "1"
            _ = try await post("/v3/kv/compaction", ["revision": .string(revision), "physical": true])
        }
    }

    /// Frees the space of compacted revisions, and allows writes again after the space ran out.
    package func makeSpace() async throws {
        try await compact()
        try await withEtcd { post in
            _ = try await post("/v3/maintenance/defragment", [:])
            let alarms = try await post("/v3/maintenance/alarm", ["action": "GET"])["alarms"]?.array ?? []
            for alarm in alarms {
                let member = alarm["memberID"] ?? "0"
                _ = try await post(
                    "/v3/maintenance/alarm", ["action": "DEACTIVATE", "memberID": member, "alarm": "NOSPACE"])
            }
        }
    }

    /// Makes the stored form of an object unreadable, as a disk error or a lost key may.
    ///
    /// - Parameter path: the path below `/registry/`: `secrets/web/a`.
    package func corrupt(_ path: String) async throws {
        try await withEtcd { post in
            let base64 = { (text: String) in JSONValue.string(Data(text.utf8).base64EncodedString()) }
            _ = try await post("/v3/kv/put", ["key": base64("/registry/\(path)"), "value": base64("no object")])
        }
    }

    private func withEtcd(
        _ body: (_ post: (_ path: String, _ body: JSONValue) async throws -> JSONValue) async throws -> Void
    ) async throws {
        guard let etcd = ClusterConfiguration(server: "http://127.0.0.1:\(etcdPort)") else { return }
        let client = try KubeClient(configuration: etcd, logger: .none)
        defer { client.shutdown() }
        try await body { path, body in
            let request = Request(
                .post, Operation(.create, resource: path), path: path, body: body.encoded(),
                contentType: "application/json", isRepeatable: false)
            return try await client.send(request, decoding: JSONValue.self)
        }
    }
}
