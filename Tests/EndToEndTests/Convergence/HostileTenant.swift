import Distribution
import JSON
import TestSupport

/// Performs, in its own namespace, what a tenant can do against all others.
actor HostileTenant {
    private let world: World
    nonisolated let namespace: String
    private var random: SeededGenerator
    private var number = 0

    init(_ world: World, _ random: SeededGenerator) async throws {
        self.world = world
        self.random = random
        namespace = try await world.server.namespace()
    }

    private enum Action: CaseIterable {
        case force, mapLongPaths, failAlways, labelWithoutEnd, writeMany, nestDeeply, fillALine
    }

    /// Performs one action. An action that the server rejects or cannot process counts as done.
    func act() async {
        number += 1
        switch Action.allCases.randomElement(using: &random) {
        case .force?: await force()
        case .mapLongPaths?: await mapLongPaths()
        case .failAlways?: await failAlways()
        case .labelWithoutEnd?: await labelWithoutEnd()
        case .writeMany?: await writeMany()
        case .nestDeeply?: await nestDeeply()
        case .fillALine?: await fillALine()
        case nil: break
        }
    }

    private func force() async {
        await write("forced", ["secrets": [["from": .string(Vault.bystander), "to": "a"]]])
        for round in 0..<30 {
            let value: JSONValue = .string("\(number)-\(round)")
            _ = try? await world.client.patch(
                .secretsDistributions, namespace: namespace, name: "forced",
                ["metadata": ["annotations": [WellKnownKeys.forceSync: value]]])
        }
    }

    private func mapLongPaths() async {
        let long = String(repeating: "team-1-", count: 140)
        let mappings = (0..<300).map { index -> JSONValue in
            ["from": .string("\(number)-\(index)-\(long)"), "to": .string("key-\(index)")]
        }
        await write("long-\(number % 3)", ["secrets": .array(mappings)])
    }

    /// More annotations than a Secret may have.
    private func failAlways() async {
        let large: JSONValue = .object(["fails": .string(String(repeating: "x", count: 260_000))])
        await write(
            "fails-\(number % 20)",
            [
                "secrets": [["from": .string(Vault.bystander), "to": "a"]], "metadata": ["annotations": large],
            ])
    }

    private func labelWithoutEnd() async {
        let labels = (0..<5000).map { ("\($0)/\($0)/bad label", JSONValue.string("not one either")) }
        await write(
            "labels",
            [
                "secrets": [["from": .string(Vault.bystander), "to": "a"]],
                "metadata": ["labels": .object(Dictionary(uniqueKeysWithValues: labels))],
            ])
    }

    private func writeMany() async {
        for index in 0..<20 {
            await write(
                "many-\(index)", ["secrets": [["from": .string(Vault.bystander), "to": .string("key-\(number)")]]])
        }
    }

    private func nestDeeply() async {
        var fields: JSONValue = [:]
        for _ in 0..<600 { fields = ["f:a": fields] }
        let entry: JSONValue = [
            "manager": "hostile", "operation": "Update", "apiVersion": "xlscsde.nhs.uk/v1", "fieldsType": "FieldsV1",
            "fieldsV1": fields,
        ]
        await write(
            "deep-\(number % 3)", ["secrets": [["from": .string(Vault.bystander), "to": "a"]]],
            metadata: ["managedFields": [entry]])
    }

    private func fillALine() async {
        let secret: JSONValue = [
            "apiVersion": "v1", "kind": "Secret", "type": .string(String(repeating: "<", count: 750_000)),
            "metadata": [
                "name": .string("line-\(number % 3)"),
                "labels": [WellKnownKeys.managedByLabel: .string(world.namespace)],
            ],
        ]
        _ = try? await world.client.create(.secrets, namespace: namespace, secret)
    }

    private func write(_ name: String, _ spec: JSONValue, metadata: JSONValue = [:]) async {
        let manifest: JSONValue = [
            "apiVersion": "xlscsde.nhs.uk/v1", "kind": "SecretsDistribution",
            "metadata": ["name": .string(name), "namespace": .string(namespace)], "spec": ["name": .string(name)],
        ]
        let whole = manifest.merging(["spec": spec, "metadata": metadata])
        do {
            try await world.client.create(.secretsDistributions, namespace: namespace, whole)
        } catch {
            guard case .alreadyExists = error.kind else { return }
            _ = try? await world.client.patch(
                .secretsDistributions, namespace: namespace, name: name, ["spec": spec])
        }
    }
}
