import Distribution
import FoundationEssentials
import JSON
import Kube
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

    private enum Action: String, CaseIterable {
        case force, mapLongPaths, failAlways, labelBadly, writeMany, claimOneName, nestDeeply, fillALine, writeMarks
        case forgeGenerations
    }

    /// Performs one action. The server may be down.
    func act() async {
        guard let action = Action.allCases.randomElement(using: &random) else { return }
        _ = await perform(action)
    }

    /// - Returns: whether the server accepted it.
    private func perform(_ action: Action) async -> Bool {
        number += 1
        return switch action {
        case .force: await force()
        case .mapLongPaths: await mapLongPaths()
        case .failAlways: await failAlways()
        case .labelBadly: await labelBadly()
        case .writeMany: await writeMany()
        case .claimOneName: await claimOneName()
        case .nestDeeply: await nestDeeply()
        case .fillALine: await fillALine()
        case .writeMarks: await writeMarks()
        case .forgeGenerations: await forgeGenerations()
        }
    }

    /// Performs each action again, and returns those that the server never accepts, and those that no status shows. To be
    /// called when all faults are removed.
    func ineffective() async -> [String] {
        var names: [String] = []
        for action in Action.allCases {
            var isDone = false
            // The agent may write the same object first.
            for _ in 0..<10 where !isDone { isDone = await perform(action) }
            if !isDone {
                names.append("\(action.rawValue) is always rejected")
            } else if let (distributions, reason) = sign(of: action), await !shows(reason, distributions) {
                names.append("\(action.rawValue) is nowhere \(reason.rawValue)")
            }
        }
        return names
    }

    /// The reason that one of these distributions has after the action; nil if no status shows the action.
    private func sign(of action: Action) -> ([String], Reason)? {
        switch action {
        case .failAlways: (["fails-\(number % 20)"], Reason.writeFailed)
        case .labelBadly: (["labels"], Reason.invalidSpec)
        case .mapLongPaths: (["long-\(number % 3)"], Reason.sourceNotFound)
        // One of both is not the winner.
        case .claimOneName: (["claims-0", "claims-1"], Reason.targetConflict)
        case .force, .writeMany, .nestDeeply, .fillALine, .writeMarks, .forgeGenerations: nil
        }
    }

    /// Waits until one of these distributions has this reason. Does not list: others may be nested too deeply to be read.
    private nonisolated func shows(_ reason: Reason, _ names: [String]) async -> Bool {
        await eventually {
            for name in names {
                let found = try? await world.client.send(
                    .get(.secretsDistributions, namespace: namespace, name: name), decoding: JSONValue.self)
                if let found, Self.reason(found) == reason.rawValue { return true }
            }
            return false
        }
    }

    private static func reason(_ distribution: JSONValue) -> String? {
        let conditions = distribution["status"]?["conditions"]?.array ?? []
        return conditions.first { $0["type"]?.string == "Ready" }?["reason"]?.string
    }

    // MARK: Attacks; each returns whether the server accepted it.

    private func force() async -> Bool {
        var count = 0
        _ = await write("forced", ["secrets": [["from": .string(Vault.bystander), "to": "a"]]])
        for round in 0..<30 {
            let value: JSONValue = .string("\(number)-\(round)")
            let patch: JSONValue = ["metadata": ["annotations": [WellKnownKeys.forceSync: value]]]
            if await amend(.secretsDistributions, "forced", patch) { count += 1 }
        }
        return count > 1
    }

    private func mapLongPaths() async -> Bool {
        let long = String(repeating: "team-1-", count: 140)
        let mappings = (0..<300).map { index -> JSONValue in
            ["from": .string("\(number)-\(index)-\(long)"), "to": .string("key-\(index)")]
        }
        return await write("long-\(number % 3)", ["secrets": .array(mappings)])
    }

    /// As many annotations as a distribution may have. With the agent's own, these are more than a Secret may have.
    private func failAlways() async -> Bool {
        let large: JSONValue = .object(["fails": .string(String(repeating: "x", count: 262_100))])
        return await write(
            "fails-\(number % 20)",
            [
                "secrets": [["from": .string(Vault.bystander), "to": "a"]], "metadata": ["annotations": large],
            ])
    }

    /// As many labels as a distribution may have, all with long, invalid names.
    private func labelBadly() async -> Bool {
        let name = String(repeating: "no label ", count: 1000)
        let labels = (0..<100).map { ("\($0)/\(name)", JSONValue.string("not one either \(number)")) }
        return await write(
            "labels",
            [
                "secrets": [["from": .string(Vault.bystander), "to": "a"]],
                "metadata": ["labels": .object(Dictionary(uniqueKeysWithValues: labels))],
            ])
    }

    private func writeMany() async -> Bool {
        var count = 0
        for index in 0..<20 {
            let mapping: JSONValue = ["from": .string(Vault.bystander), "to": .string("key-\(number)")]
            if await write("many-\(index)", ["secrets": [mapping]]) { count += 1 }
        }
        return count > 1
    }

    /// Many distributions for one Secret, of which another one wins again and again.
    private func claimOneName() async -> Bool {
        var count = 0
        for index in 0..<20 {
            let spec: JSONValue = [
                "name": "claimed", "secrets": [["from": .string(Vault.bystander), "to": .string("key-\(number)")]],
            ]
            if await write("claims-\(index)", spec) { count += 1 }
        }
        for owner in ["somebody else", world.namespace] {
            let patch: JSONValue = ["metadata": ["annotations": [WellKnownKeys.managedBy: .string(owner)]]]
            _ = await amend(.secretsDistributions, "claims-0", patch)
        }
        return count > 1
    }

    private func nestDeeply() async -> Bool {
        var fields: JSONValue = [:]
        for _ in 0..<600 { fields = ["f:a": fields] }
        let entry: JSONValue = [
            "manager": "hostile", "operation": "Update", "apiVersion": "xlscsde.nhs.uk/v1", "fieldsType": "FieldsV1",
            "fieldsV1": fields,
        ]
        // The server stores these fields only when it creates an object.
        let name = "deep-\(number % 3)"
        let stored = await replace(
            .secretsDistributions, name,
            Self.distribution(
                name, in: namespace, ["secrets": [["from": .string(Vault.bystander), "to": "a"]]]
            ).merging(["metadata": ["managedFields": [entry]]]))
        return stored?.contains(String(repeating: #"{"f:a":"#, count: 600)) == true
    }

    private func fillALine() async -> Bool {
        let name = "line-\(number % 3)"
        let secret = planted(name, type: String(repeating: "<", count: 750_000))
        return await replace(.secrets, name, secret) != nil
    }

    /// More combining marks in a row than the agent accepts.
    private func writeMarks() async -> Bool {
        let marks = "a" + String(repeating: "\u{301}", count: 40)
        let name = "marks-\(number % 3)"
        let note: JSONValue = ["metadata": ["annotations": ["note": .string("\(number)\(marks)")]]]
        guard await replace(.secrets, name, planted(name, type: marks)) != nil else { return false }
        return await amend(.secrets, name, note)
    }

    /// A Secret that looks as if an agent with a newer mount wrote it.
    private func forgeGenerations() async -> Bool {
        let name = "forged-\(number % 3)"
        let forged: JSONValue = [
            "type": "Opaque", "data": ["a": .string(Data("forged".utf8).base64EncodedString())],
            "metadata": [
                "annotations": [
                    WellKnownKeys.managedBy: .string(world.namespace),
                    WellKnownKeys.distribution: .string("\(namespace)/\(name)"),
                    WellKnownKeys.mountGeneration: .string("..2099_01_01_\(number)"),
                ]
            ],
        ]
        _ = await write(name, ["secrets": [["from": .string(Vault.bystander), "to": "a"]]])
        return await replace(.secrets, name, planted(name).merging(forged)) != nil
    }

    // MARK: Requests

    private static func distribution(_ name: String, in namespace: String, _ spec: JSONValue) -> JSONValue {
        let manifest: JSONValue = [
            "apiVersion": "xlscsde.nhs.uk/v1", "kind": "SecretsDistribution",
            "metadata": ["name": .string(name), "namespace": .string(namespace)], "spec": ["name": .string(name)],
        ]
        return manifest.merging(["spec": spec])
    }

    /// A Secret with the agent's label.
    private func planted(_ name: String, type: String = "Opaque") -> JSONValue {
        [
            "apiVersion": "v1", "kind": "Secret", "type": .string(type),
            "metadata": [
                "name": .string(name), "labels": [WellKnownKeys.managedByLabel: .string(world.namespace)],
            ],
        ]
    }

    private func write(_ name: String, _ spec: JSONValue) async -> Bool {
        let manifest = Self.distribution(name, in: namespace, spec)
        let create = Request.create(.secretsDistributions, namespace: namespace, manifest)
        if await send(create) != nil { return true }
        return await amend(.secretsDistributions, name, ["spec": spec])
    }

    private func amend(_ resource: Resource, _ name: String, _ patch: JSONValue) async -> Bool {
        await send(.mergePatch(resource, namespace: namespace, name: name, patch)) != nil
    }

    /// Deletes an object and creates it again.
    ///
    /// - Returns: the metadata of the new object; nil if the server rejected it.
    private func replace(_ resource: Resource, _ name: String, _ object: JSONValue) async -> String? {
        _ = try? await world.client.delete(resource, namespace: namespace, name: name, uid: nil)
        return await send(.create(resource, namespace: namespace, object))
    }

    /// Requests only the metadata in the response; nil if the server rejected the request.
    private func send(_ request: Request) async -> String? {
        var request = request
        request.accept = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
        return (try? await world.client.send(request)).map { String(decoding: $0.body, as: UTF8.self) }
    }
}
