import Kube
import KubeCurl
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)))
struct KubeClientTests {
    @Test func `a Secret with binary data is created, read, patched and deleted`() async throws {
        let server = try await APIServer.shared()
        let namespace = try await server.namespace()
        let created = try await server.client.create(.secrets, namespace: namespace, secret("a", ["k": "/wD+"]))
        let read = try await server.client.get(JSONValue.self, .secrets, namespace: namespace, name: "a")
        #expect(read["data"]?["k"]?.string == "/wD+")
        #expect(created.name == "a")
    }
}

func secret(_ name: String, _ data: [String: JSONValue] = [:], labels: [String: JSONValue] = [:]) -> JSONValue {
    [
        "apiVersion": "v1", "kind": "Secret", "metadata": ["name": .string(name), "labels": .object(labels)],
        "data": .object(data),
    ]
}
