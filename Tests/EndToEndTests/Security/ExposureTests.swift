import FoundationEssentials
import Glibc
import Kube
import Snapshots
import TestSupport
import TestTraits
import Testing

/// Sends marked values through the whole program, with successes and failures, at debug level, and then searches its
/// whole output for them.
@Suite("Secret bytes appear only in the targets", .endsIfHung)
struct ExposureTests {
    /// The start of each value. It also starts the value's base64, because its 18 bytes end on a base64 boundary.
    private static let mark = "MARKED-SECRET-0001"

    private static func value(_ name: String) -> String { "\(mark) value of \(name)" }

    private static let files: [String: String] = [
        "good": value("good"), "json": "{\"auths\": \"\(value("json"))\"", "pem": value("pem"), "gone": value("gone"),
        "large": value("large") + String(repeating: "x", count: 1 << 20),
    ]

    /// Creates distributions with different results.
    private func fill(_ world: World) async throws {
        for name in ["good", "gone"] { try await world.create(world.distribution(name, [(name, "key")])) }
        try await world.create(
            world.distribution("json", type: "kubernetes.io/dockerconfigjson", [("json", ".dockerconfigjson")]))
        try await world.create(
            world.distribution("pem", type: "kubernetes.io/tls", [("pem", "tls.crt"), ("good", "tls.key")]))
        try await world.create(
            world.distribution("pair", type: "kubernetes.io/tls", [("good", "tls.crt")]))
        try await world.create(world.distribution("large", [("large", "key"), ("good", "other")]))
        try await world.create(world.distribution("missing", [("missing", "key"), ("good", "other")]))
        try await world.create(world.distribution("foreign", [("good", "key")]))
        try await world.create(secret: "foreign", managedBy: nil, ["key": "theirs"])
        try await world.create(world.distribution("refused", type: "bootstrap.kubernetes.io/token", [("good", "key")]))
        try await world.create(
            world.distribution("later", secret: "good", [("good", "key")]))
    }

    /// The mark in each form in which it could be written, and the digests of the values.
    private var forms: [String] {
        let digests = Self.files.values.map { text in
            withUnsafeBytes(of: Digest(of: SecretBytes(text.utf8))) {
                $0.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
            }
        }
        return [Self.mark, Data(Self.mark.utf8).base64EncodedString()] + digests
    }

    /// All responses of the endpoint.
    private func served(at port: Int) async throws -> [String] {
        var answers: [String] = []
        for path in ["/", "/metrics", "/healthz?verbose", "/readyz?verbose", "/startupz?verbose"] {
            let answer = try #require(await RawClient.get(path, port: port), "\(path)")
            #expect(answer.hasPrefix("HTTP/1.1 200"), "\(path)")
            answers.append(answer)
        }
        return answers
    }

    /// Output that describes writes without doing them: of `plan`, and of a dry run with its endpoint.
    private func rehearsed(_ environment: [String: String], port: Int) async throws -> [String] {
        var emitted: [String] = []
        for words in [["plan"], ["plan", "--output=json"]] {
            let ended = try await Binary.run(words, environment: environment)
            #expect(ended.status == 2)
            emitted += [ended.output, ended.errors]
        }
        let agent = try await Binary(["run"], environment: environment.merging(["DRY_RUN": "true"]) { $1 })
        #expect(await eventually { agent.errors.contains("dry run summary") })
        #expect(agent.errors.contains("would create secret"))
        emitted += try await served(at: port)
        agent.signal(SIGTERM)
        let ended = await agent.ended()
        return emitted + [ended.output, ended.errors]
    }

    @Test("in a cluster: not in the log, output of commands, the endpoint, statuses, Events or another namespace")
    func cluster() async throws {
        let world = try await World()
        let other = try await world.server.namespace()
        let volume = try AtomicVolume(world.mount)
        try volume.write(Self.files)
        try await fill(world)
        let port = LoopbackPort.reserve()
        let environment = [
            "SECRETS_PATH": world.mount, "MANAGED_BY": world.namespace,
            "WATCH_NAMESPACES": "\(world.namespace),\(other)", "KUBECONFIG": try world.server.kubeconfig(),
            "DEBOUNCE_QUIET": "10ms", "LOG_LEVEL": "debug", "LISTEN_ADDRESS": "127.0.0.1:\(port)",
        ]
        var emitted = try await rehearsed(environment, port: port)
        let agent = try await Binary(["run"], environment: environment)
        try await world.expect("good", ["key": Self.value("good")])
        // A conflict with another writer, a rotation that loses a file, and hand edits of all kinds.
        var files = Self.files
        files["gone"] = nil
        files["good"] = Self.value("good, rotated")
        try volume.write(files)
        try await world.expect("good", ["key": Self.value("good, rotated")])
        try await world.patchSecret("good", ["data": ["key": "aGFuZA=="]])
        try await world.expect("good", ["key": Self.value("good, rotated")])
        try await world.patch("good", ["spec": ["type": "example.com/other"]])
        #expect(try await eventually { try await world.secret("good")?.type == "example.com/other" })
        for name in ["json", "pem", "pair", "large", "missing", "foreign", "refused", "later", "gone"] {
            #expect(
                try await eventually { try await world.distribution(name).status.ready?.status == "False" }, "\(name)")
        }
        emitted += try await served(at: port)
        for words in [
            ["plan"], ["plan", "--output=json"], ["explain", "good"], ["explain", "good", "--output=json"], ["sync"],
            ["sync", "--output=json"],
        ] {
            let ended = try await Binary.run(words, environment: environment)
            emitted += [ended.output, ended.errors]
        }
        agent.signal(SIGTERM)
        let ended = await agent.ended()
        #expect(ended.status == 0)
        emitted += [ended.output, ended.errors]
        for resource in [Resource.secretsDistributions, .events] {
            let request = Request.list(resource, namespace: world.namespace)
            emitted.append(String(decoding: try await world.client.send(request).body, as: UTF8.self))
        }
        let secrets = try await world.client.send(.list(.secrets, namespace: other))
        emitted.append(String(decoding: secrets.body, as: UTF8.self))
        #expect(try await world.events().count > 10)
        expectNothing(in: emitted)
    }

    @Test("in local mode: not in the log, and only in the requested manifests")
    func local() async throws {
        let directory = try TemporaryDirectory()
        let volume = try AtomicVolume(directory("mount"))
        try volume.write(Self.files)
        try makeDirectory(directory("in"))
        try makeDirectory(directory("out/default"))
        let manifest = { (name: String, type: String, from: String, to: String) in
            "apiVersion: xlscsde.nhs.uk/v1\nkind: SecretsDistribution\nmetadata: {name: \(name)}\n"
                + "spec: {name: \(name), type: \(type), secrets: [{from: \(from), to: \(to)}]}\n"
        }
        try writeFile(directory("in/good.yaml"), manifest("good", "Opaque", "good", "key"))
        try writeFile(directory("in/large.yaml"), manifest("large", "Opaque", "large", "key"))
        try writeFile(directory("in/broken.yaml"), "\(Self.mark): [")
        // Not our file, and not YAML: text quoted from it would belong to its owner.
        try writeFile(directory("out/default/large.yaml"), "data: {key: \(Self.value("other"))")
        let ended = try await Binary.run(
            ["sync"],
            environment: [
                "SECRETS_PATH": directory("mount"), "DISTRIBUTIONS_PATH": directory("in"),
                "OUTPUT_PATH": directory("out"), "LOG_LEVEL": "debug",
            ])
        #expect(ended.status == 1)
        let good = try Data(contentsOf: URL(fileURLWithPath: directory("out/default/good.yaml")))
        #expect(String(decoding: good, as: UTF8.self).contains(Data(Self.mark.utf8).base64EncodedString()))
        expectNothing(in: [ended.output, ended.errors])
    }

    private func expectNothing(in texts: [String]) {
        for text in texts {
            for form in forms where text.contains(form) {
                let place = text.split(separator: "\n").first { $0.contains(form) } ?? ""
                // Prints the line without the secret, because many people read test results.
                Issue.record("\(place.split(separator: form).joined(separator: "<SECRET>").prefix(600))")
            }
        }
    }
}
