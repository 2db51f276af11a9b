import FoundationEssentials
import Glibc
import JSON
import Kube
import TestSupport

/// Actions of users and of other controllers.
extension Chaos {
    func writeDistribution() async {
        guard !isServerSilent else { return }
        let namespace = namespaces[Int.random(in: namespaces.indices, using: &random)]
        let expected = ExpectedDistribution(
            "app-\(Int.random(in: 0..<8, using: &random))", in: namespace, using: &random)
        oracle.expect(expected)
        // The Secret has a distribution again, which may remove it.
        retained.remove(expected.key)
        do {
            try await world.client.create(.secretsDistributions, namespace: namespace, expected.manifest)
        } catch {
            guard case .alreadyExists = error.kind else { return }
            _ = try? await world.client.patch(
                .secretsDistributions, namespace: namespace, name: expected.name, ["spec": expected.spec])
        }
    }

    /// In all namespaces, or in those with a label.
    func writeClusterDistribution() async {
        guard !isServerSilent else { return }
        let name = "wide-\(Int.random(in: 0..<3, using: &random))"
        let isForAll = Bool.random(using: &random)
        var expected = ExpectedDistribution(name, in: namespaces[0], using: &random)
        expected.isCluster = true
        for namespace in namespaces {
            expected.namespace = namespace
            oracle.expect(expected)
            retained.remove(expected.key)
        }
        let manifest = expected.clusterManifest(forAll: isForAll)
        do {
            try await world.client.create(.clusterSecretsDistributions, manifest)
        } catch {
            guard case .alreadyExists = error.kind else { return }
            let former: JSONValue = isForAll ? ["namespaceSelector": nil] : ["namespaces": nil]
            _ = try? await world.client.patch(
                .clusterSecretsDistributions, name: name,
                ["spec": former.merging(manifest["spec"] ?? .null)])
        }
    }

    func deleteClusterDistribution() async {
        guard !isServerSilent else { return }
        try? await world.client.delete(
            .clusterSecretsDistributions, name: "wide-\(Int.random(in: 0..<3, using: &random))", uid: nil)
    }

    /// Cluster distributions may select the namespace then, or not any more.
    func labelNamespace() async {
        guard !isServerSilent else { return }
        let namespace = namespaces[Int.random(in: namespaces.indices, using: &random)]
        retained = retained.filter { !$0.hasPrefix("\(namespace)/") }
        let tier: JSONValue = Bool.random(using: &random) ? "gold" : "tin"
        _ = try? await world.client.patch(.namespaces, name: namespace, ["metadata": ["labels": ["tier": tier]]])
    }

    func deleteDistribution() async {
        guard !isServerSilent else { return }
        let namespace = namespaces[Int.random(in: namespaces.indices, using: &random)]
        try? await world.client.delete(
            .secretsDistributions, namespace: namespace, name: "app-\(Int.random(in: 0..<8, using: &random))", uid: nil)
    }

    /// A random target, which may or may not exist.
    func target() -> (namespace: String, name: String) {
        let number = Int.random(in: 0..<10, using: &random)
        return (
            namespaces[Int.random(in: namespaces.indices, using: &random)],
            number < 8 ? "target-\(number)" : "tls-\(number - 8)"
        )
    }

    func editSecret() async {
        guard !isServerSilent else { return }
        let (namespace, name) = target()
        let key = name.hasPrefix("tls") ? "tls.crt" : "key-\(Int.random(in: 0..<5, using: &random))"
        _ = try? await world.client.patch(
            .secrets, namespace: namespace, name: name, ["stringData": [key: .string(Oracle.byHand)]])
    }

    /// Another controller reverts each of our corrections, for a while.
    func fight() async {
        let (namespace, name) = target()
        guard !isServerSilent, !name.hasPrefix("tls") else { return }
        for _ in 0..<40 {
            guard
                let secret = try? await world.client.get(LiveSecret.self, .secrets, namespace: namespace, name: name)
            else { return }
            if secret.texts["key-0"] == Oracle.byHand { continue }
            _ = try? await world.client.patch(
                .secrets, namespace: namespace, name: name, ["stringData": ["key-0": .string(Oracle.byHand)]])
        }
    }

    /// `kubectl delete --cascade=orphan`. There is no garbage collector: see `collectGarbage`.
    func orphan() async {
        guard !isServerSilent else { return }
        let namespace = namespaces[Int.random(in: namespaces.indices, using: &random)]
        let name = "app-\(Int.random(in: 0..<8, using: &random))"
        guard
            let object = try? await world.client.get(
                JSONValue.self, .secretsDistributions, namespace: namespace, name: name),
            let expected = ExpectedDistribution(object), let uid = object["metadata"]?["uid"]?.string
        else { return }
        var request = Request.delete(.secretsDistributions, namespace: namespace, name: name, uid: uid)
        let options: JSONValue = [
            "apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Orphan",
            "preconditions": ["uid": .string(uid)],
        ]
        request.body = options.encoded()
        let secret = try? await world.client.get(
            LiveSecret.self, .secrets, namespace: namespace, name: expected.target)
        guard (try? await world.client.send(request)) != nil else { return }
        if secret?.metadata.ownerReferences?.contains(where: { $0.uid == uid }) == true {
            retained.insert(expected.key)
        }
    }

    /// Does what Kubernetes' garbage collector does with orphaned objects: removes the references, then the finalizer.
    func collectGarbage() async throws {
        for namespace in namespaces {
            let all = try await world.client.list(MetadataOnly.self, .secretsDistributions, namespace: namespace).items
            for distribution in all.map(\.metadata) where distribution.deletionTimestamp != nil {
                for secret in try await world.client.list(LiveSecret.self, .secrets, namespace: namespace).items {
                    let owners = secret.metadata.ownerReferences ?? []
                    guard owners.contains(where: { $0.uid == distribution.uid }) else { continue }
                    try await world.client.patch(
                        .secrets, namespace: namespace, name: secret.metadata.name,
                        ["metadata": ["ownerReferences": nil]])
                }
                try await world.client.patch(
                    .secretsDistributions, namespace: namespace, name: distribution.name,
                    ["metadata": ["finalizers": nil]])
            }
        }
        for key in retained {
            let parts = key.split(separator: "/").map(String.init)
            let isThere = try? await world.client.get(
                MetadataOnly.self, .secrets, namespace: parts[0], name: parts[1])
            if isThere == nil { violations.append("\(key) was orphaned and then deleted") }
        }
        retained = []
    }

    func deleteSecret() async {
        guard !isServerSilent else { return }
        let (namespace, name) = target()
        retained.remove("\(namespace)/\(name)")
        try? await world.client.delete(.secrets, namespace: namespace, name: name, uid: nil)
    }

    func labelSecret() async {
        guard !isServerSilent else { return }
        let (namespace, name) = target()
        for number in 0..<20 {
            let patch: JSONValue = ["metadata": ["labels": ["theirs": .string("\(number)")]]]
            guard (try? await world.client.patch(.secrets, namespace: namespace, name: name, patch)) != nil else {
                return
            }
        }
    }

    /// These rules make the hostile tenant's long paths expensive, and match no file.
    private static let manyRules = (0..<400).map {
        "  - {namespaces: [team-\($0)], files: [\"**/team-\($0)/*-*.pem\"]}\n"
    }.joined()

    /// With default Allow, a file that a rule names is permitted in that rule's namespaces only.
    func changePolicy() throws {
        var denied: [String: Set<String>] = [:]
        var rules = "  - {namespaces: [nobody], files: [\(Vault.forbidden)]}\n"
        for file in someFiles(2) where Bool.random(using: &random) {
            let index = Int.random(in: namespaces.indices, using: &random)
            rules += "  - {namespaces: [\(namespaces[1 - index])], files: [\(file)]}\n"
            denied[namespaces[index], default: []].insert(file)
        }
        rules += Self.manyRules
        oracle.deny(denied)
        try policy.write([
            "policy.yaml": "kind: SecretsAccessPolicy\nspec:\n  mode: Enforce\n  default: Allow\n  rules:\n\(rules)"
        ])
    }
}
