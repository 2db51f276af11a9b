import Distribution
import JSON
import Kube
import TestSupport
import TestTraits
import Testing

/// Runs the health checks of `sidecar-example/gitops/argo-cd-health.yaml` in Lua 5.1, the version that Argo CD's
/// interpreter implements.
@Suite("Argo CD's health checks", .endsIfHung)
struct ArgoCDHealthTests {
    private static let kinds = ["SecretsDistribution", "ClusterSecretsDistribution"]

    private struct Health: Equatable {
        var status: String
        var message: String
    }

    private func script(_ kind: String) throws -> String {
        let data = try World.manifest("sidecar-example/gitops/argo-cd-health.yaml")["data"]
        return try #require(data?["resource.customizations.health.xlscsde.nhs.uk_\(kind)"]?.string)
    }

    /// Runs the script of a kind. It may use what Argo CD loads by default, but none of Lua's other libraries.
    private func health(_ object: JSONValue, _ kind: String) async throws -> Health {
        let program = """
            local function check()
            \(try script(kind))
            end
            setfenv(check, {
              obj = \(lua(object)), ipairs = ipairs, pairs = pairs, next = next, type = type, tostring = tostring,
              tonumber = tonumber, table = table,
            })
            local health = check()
            io.write(health.status, "\\n", health.message)

            """
        let ended = try await ToolRun.run(["lua5.1", "-"], input: program)
        try #require(ended.status == 0, "\(ended.errors)")
        let parts = ended.output.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false)
        return Health(status: String(parts[0]), message: parts.count > 1 ? String(parts[1]) : "")
    }

    /// A value as a Lua expression.
    private func lua(_ value: JSONValue) -> String {
        switch value {
        case .object(let members):
            "{" + members.map { "[\(quoted($0))] = \(lua($1)), " }.joined() + "}"
        case .array(let elements): "{" + elements.map { lua($0) + ", " }.joined() + "}"
        case .string(let text): quoted(text)
        case .int(let number): "\(number)"
        case .double(let number): "\(number)"
        case .bool(let value): value ? "true" : "false"
        case .null: "nil"
        }
    }

    private func quoted(_ text: String) -> String {
        // Lua 5.1 knows decimal escapes of bytes.
        "\"" + text.utf8.map { "\\" + String("00\($0)".suffix(3)) }.joined() + "\""
    }

    private func object(_ conditions: [JSONValue], observed: Int? = 3) -> JSONValue {
        var status: [String: JSONValue] = ["conditions": .array(conditions)]
        if let observed { status["observedGeneration"] = .int(observed) }
        return ["metadata": ["name": "wildcard", "generation": 3], "status": .object(status)]
    }

    private func condition(_ type: String, _ status: String, _ reason: String) -> JSONValue {
        ["type": .string(type), "status": .string(status), "reason": .string(reason), "message": "It says \"why\"."]
    }

    @Test("follow the rules of kstatus", arguments: kinds)
    func rules(_ kind: String) async throws {
        let synced = condition("Ready", "True", "Synced")
        let waiting = condition("Ready", "False", "SourceNotFound")
        let refused = condition("Ready", "False", "NotManaged")
        let stalled = { (status: String, reason: String) in condition("Stalled", status, reason) }
        for (object, status, message) in [
            (object([synced, stalled("False", "Synced")]), "Healthy", "Synced: It says \"why\"."),
            (object([synced]), "Healthy", "Synced: It says \"why\"."),
            (object([synced], observed: nil), "Healthy", "Synced: It says \"why\"."),
            (object([waiting, stalled("False", "SourceNotFound")]), "Progressing", "SourceNotFound: It says \"why\"."),
            (object([refused, stalled("True", "NotManaged")]), "Degraded", "NotManaged: It says \"why\"."),
            (object([stalled("True", "NotManaged"), refused]), "Degraded", "NotManaged: It says \"why\"."),
            (object([condition("Ready", "Unknown", "Synced")]), "Progressing", "Synced: It says \"why\"."),
        ] {
            #expect(try await health(object, kind) == Health(status: status, message: message))
        }
    }

    @Test("wait while the agent has not read the latest change", arguments: kinds)
    func notObserved(_ kind: String) async throws {
        let synced = condition("Ready", "True", "Synced")
        let refused = condition("Stalled", "True", "NotManaged")
        let none: JSONValue = ["metadata": ["name": "wildcard", "generation": 1]]
        let initial: JSONValue = ["metadata": ["generation": 1], "status": ["observedGeneration": -1]]
        // The Python operator's definition keeps nothing else of a status.
        let former: JSONValue = ["metadata": ["generation": 1], "status": ["statusText": "Synced"]]
        #expect(try await health(former, kind).message.hasSuffix("apply that of secrets-distributor"))
        for object in [object([synced], observed: 2), object([refused], observed: 2), none, initial, former] {
            let health = try await health(object, kind)
            #expect(health.status == "Progressing")
            #expect(health.message.hasPrefix("Waiting for secrets-distributor"))
        }
    }

    @Test("judge the statuses that an agent writes")
    func live() async throws {
        let world = try await World()
        try AtomicVolume(world.mount).write(["a": "1"])
        try await world.create(secret: "foreign", managedBy: nil, ["x": "1"])
        try await world.create(world.distribution("good", [("a", "x")]))
        try await world.create(world.distribution("waiting", [("absent", "x")]))
        try await world.create(world.distribution("refused", secret: "foreign", [("a", "x")]))
        try await world.withAgent {
            try await world.expect("good", .synced)
            try await world.expect("waiting", .sourceNotFound)
            try await world.expect("refused", .notManaged)
        }
        for (name, status) in [("good", "Healthy"), ("waiting", "Progressing"), ("refused", "Degraded")] {
            let live = try await world.client.get(
                JSONValue.self, .secretsDistributions, namespace: world.namespace, name: name)
            let health = try await health(live, "SecretsDistribution")
            #expect(health.status == status, "\(name): \(health.message)")
        }
    }
}
