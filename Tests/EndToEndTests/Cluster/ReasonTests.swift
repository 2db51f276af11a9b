import Distribution
import FoundationEssentials
import JSON
import Kube
import TestSupport
import TestTraits
import Testing

@Suite("Each reason of the condition Ready", .endsIfHung)
struct ReasonTests {
    /// The rows of the table in the reference.
    private func documented() throws -> Set<String> {
        let lines = String(decoding: try World.text("docs/conditions.md"), as: UTF8.self).split(separator: "\n")
        let table = lines.drop { !$0.hasPrefix("| reason | what it means") }.dropFirst(2).prefix { $0.hasPrefix("|") }
        return Set(table.compactMap { $0.split(separator: "`").dropFirst().first.map { String($0) } })
    }

    @Test("is in the reference, and the reference has no other")
    func reference() throws {
        #expect(try documented() == Set(Reason.allCases.map(\.rawValue)))
    }

    @Test("occurs on a real API server, with a sentence of its own, in the status and as an Event")
    func seen() async throws {
        let world = try await World()
        let half = String(repeating: "x", count: 600 << 10)
        let (pair, other) = (try TLSPair.make(), try TLSPair.make("other"))
        try AtomicVolume(world.mount).write([
            "a": "1", "big1": half, "big2": half, "certificate": pair.certificate, "key": other.key, "secret": "x",
        ])
        try makeLink(world.mount + "/..data/link", to: "/etc/hostname")
        let policy = world.directory("policy.yaml")
        try writeFile(
            policy,
            """
            apiVersion: xlscsde.nhs.uk/v1
            kind: SecretsAccessPolicy
            spec:
              default: Allow
              rules:
                - {namespaces: [nobody], files: [secret]}
            """)
        try await world.create(secret: "notmanaged", managedBy: "another", ["a": "1"])
        // Has another type, which only a deletion could change; the role below does not allow deletion.
        try await world.create(secret: "typechangerefused", managedBy: world.namespace, ["a": "1"])
        let tls = [("certificate", "tls.crt"), ("key", "tls.key")]
        let loose: [String: JSONValue] = ["validation": "None"]
        for distribution in [
            world.distribution("synced", [("a", "a")]),
            world.distribution("sourcenotfound", [("none", "a")]),
            world.distribution("sourceunreadable", [("link", "a")]),
            world.distribution("invalidspec", [("a/../../b", "a")]),
            world.distribution("typerefused", type: "kubernetes.io/service-account-token", [("a", "a")]),
            world.distribution("targettoolarge", [("big1", "a"), ("big2", "b")]),
            world.distribution("notmanaged", [("a", "a")]),
            world.distribution("targetconflict", secret: "synced", [("a", "a")]),
            world.distribution("policydenied", [("secret", "a")]),
            world.distribution("pairmismatch", type: "kubernetes.io/tls", tls),
            world.distribution("typechangerefused", type: "example.org/other", [("a", "a")]),
            // The API server requires JSON for this type, and the agent has not checked it before.
            world.distribution(
                "writefailed", type: "kubernetes.io/dockerconfigjson", [("a", ".dockerconfigjson")], extra: loose),
        ] {
            // Ages have whole seconds: of two distributions for one target, the smaller name wins.
            try await world.create(distribution)
        }
        let new = try await world.client.get(
            JSONValue.self, .secretsDistributions, namespace: world.namespace, name: "synced")
        #expect(KStatus(of: new) == .inProgress, "no agent has seen it yet")
        let server = world.server
        for (verbs, resource) in [
            (["get", "list", "watch", "create", "patch"], Resource.secrets), (["create", "patch"], .events),
            (["get", "list", "watch", "patch"], .secretsDistributions),
        ] {
            try await server.allow("bob", verbs, resource, in: world.namespace)
        }
        try await world.withAgent(as: .named("bob")) {
            $0.policyPath = policy
        } _: {
            for reason in Reason.allCases {
                try await world.expect(reason.rawValue.lowercased(), reason)
                let status = try await world.distribution(reason.rawValue.lowercased()).status
                #expect(status.statusText?.hasSuffix(".") == true, "\(reason): \(status.statusText ?? "")")
                let event = try await world.expectEvent(on: reason.rawValue.lowercased(), reason.rawValue)
                #expect(event?.type == (reason == .synced ? "Normal" : "Warning"))
                let object = try await world.client.get(
                    JSONValue.self, .secretsDistributions, namespace: world.namespace,
                    name: reason.rawValue.lowercased())
                #expect(
                    KStatus(of: object) == (reason == .synced ? .current : reason.needsEdit ? .failed : .inProgress))
            }
        }
    }
}
