import DistributionSupport
import Snapshots
import Testing

@testable import Distribution
@testable import JSON
@testable import Planning

@Suite struct ExplanationTests {
    private func distribution(
        _ name: String, secret: String = "app-secret", from files: [String] = ["certs/tls.crt"],
        _ patch: JSONValue = [:]
    ) throws -> SecretsDistribution {
        let manifest: JSONValue = [
            "metadata": ["name": .string(name)],
            "spec": [
                "name": .string(secret),
                "secrets": .array(
                    files.enumerated().map { ["from": .string($1), "to": .string("key\($0)")] }),
            ],
        ]
        return try Manifest.amended(manifest.merging(patch))
    }

    private func explain(
        _ file: String, _ distributions: [SecretsDistribution], snapshot: Snapshot? = nil, policy: AccessPolicy? = nil,
        onlyAssigned: Bool = false
    ) throws -> Explanation {
        Explanation(
            of: try SourcePath(file), in: distributions, managedBy: "agent", onlyAssigned: onlyAssigned,
            snapshot: snapshot, policy: policy)
    }

    @Test(
        "All distributions that use the file are shown, however its path is written, and no others",
        arguments: ["certs/tls.crt", "./certs//tls.crt", "..data/certs/tls.crt"])
    func readers(file: String) throws {
        let all = [
            try distribution("b", secret: "two", from: ["certs/tls.crt", "other"]),
            try distribution("a", secret: "one"),
            try distribution("c", secret: "three", from: ["certs/tls.crt.old", "certs"]),
        ]
        let explanation = try explain(file, all)
        #expect(explanation.file == "certs/tls.crt")
        #expect(explanation.readers.map(\.distribution.name) == ["a", "b"])
        #expect(explanation.readers.map(\.secret) == ["one", "two"])
        #expect(explanation.readers.last?.keys.map(\.to) == ["key0"])
        #expect(explanation.similar.isEmpty)
        #expect(explanation.presence == .unknown)
    }

    @Test("For a folder, all distributions that use a file below it are shown, with each file")
    func folder() throws {
        let explanation = try explain(
            "certs",
            [
                try distribution("a", from: ["certs/a", "certs/deep/b", "cert", "certs2/x"]),
                try distribution("b", from: ["x/certs"]),
            ])
        #expect(explanation.readers.map(\.distribution.name) == ["a"])
        #expect(explanation.readers.first?.keys.map(\.from) == ["certs/a", "certs/deep/b"])
    }

    @Test("Names that only look the same are different files")
    func forms() throws {
        let composed = try distribution("a", from: ["\u{e9}"])
        #expect(try explain("e\u{301}", [composed]).readers.isEmpty)
        #expect(try explain("\u{e9}", [composed]).readers.count == 1)
    }

    @Test("The answer says whether the file is in the mount")
    func presence() throws {
        let snapshot = Snapshot(["a": "1", "f/b": "1", "f/c": "1"], failed: ["bad": .notRegular])
        let cases: [(String, Explanation.Presence)] = [
            ("a", .present(files: 1)), ("f", .present(files: 2)), ("none", .absent),
            ("bad", .failed("is not a regular file")), ("bad/below", .failed("is not a regular file")),
        ]
        for (file, presence) in cases { #expect(try explain(file, [], snapshot: snapshot).presence == presence) }
    }

    @Test("Of two distributions for one Secret the younger one loses, even if only it uses the file")
    func conflict() throws {
        let older = try distribution(
            "older", from: ["other"], ["metadata": ["creationTimestamp": "2023-05-01T10:00:00Z"]])
        let explanation = try explain("certs/tls.crt", [try distribution("younger"), older])
        #expect(explanation.readers.map(\.distribution.name) == ["younger"])
        #expect(explanation.readers.first?.reason == .targetConflict)
        #expect(explanation.readers.first?.message.contains("older") == true)
        // A distribution that is being deleted claims nothing.
        let going = try distribution(
            "older", from: ["other"],
            ["metadata": ["creationTimestamp": "2023-05-01T10:00:00Z", "deletionTimestamp": "2024-05-02T10:00:00Z"]])
        #expect(try explain("certs/tls.crt", [try distribution("younger"), going]).readers.first?.reason == nil)
    }

    @Test("The reason for holding back is shown: the resource, the policy, the mount; otherwise that of the status")
    func reasons() throws {
        let ready: JSONValue = [
            "status": [
                "conditions": [
                    [
                        "type": "Ready", "status": "False", "reason": "NotManaged", "message": "Somebody's.",
                        "lastTransitionTime": "2024-05-01T10:00:00Z",
                    ]
                ]
            ]
        ]
        let said = try distribution("a", ready)
        let reader = { (explanation: Explanation) in try #require(explanation.readers.first) }
        #expect(try reader(explain("certs/tls.crt", [said])).reason == .notManaged)
        #expect(try reader(explain("certs/tls.crt", [said])).message == "Somebody's.")
        // The older definition keeps only one sentence.
        let text = try distribution("a", ["status": ["statusText": "A sentence."]])
        #expect(try reader(explain("certs/tls.crt", [text])).reason == nil)
        #expect(try reader(explain("certs/tls.crt", [text])).message == "A sentence.")

        let empty = Snapshot(["another": "1"])
        #expect(try reader(explain("certs/tls.crt", [said], snapshot: empty)).reason == .sourceNotFound)
        let full = Snapshot(["certs/tls.crt": "1"])
        #expect(try reader(explain("certs/tls.crt", [said], snapshot: full)).reason == .notManaged)

        let policy = AccessPolicy(mode: .enforce, default: .deny, rules: [])
        #expect(try reader(explain("certs/tls.crt", [said], snapshot: empty, policy: policy)).reason == .policyDenied)
        let audit = AccessPolicy(mode: .audit, default: .deny, rules: [])
        #expect(try reader(explain("certs/tls.crt", [said], policy: audit)).reason == .notManaged)

        let invalid = try distribution("a", ["spec": ["type": "bootstrap.kubernetes.io/token"]])
        #expect(try reader(explain("certs/tls.crt", [invalid], policy: policy)).reason == .typeRefused)
    }

    @Test("Distributions of other instances are counted, but not shown")
    func others() throws {
        let mark = { (name: String) in
            JSONValue.object(["metadata": ["annotations": ["xlscsde.nhs.uk/managedBy": .string(name)]]])
        }
        let all = [
            try distribution("a", mark("agent")), try distribution("b", secret: "b", mark("another")),
            try distribution("c", secret: "c"),
        ]
        let explanation = try explain("certs/tls.crt", all)
        #expect(explanation.readers.map(\.distribution.name) == ["a", "c"] && explanation.others == 1)
        let assigned = try explain("certs/tls.crt", all, onlyAssigned: true)
        #expect(assigned.readers.map(\.distribution.name) == ["a"] && assigned.others == 2)
    }

    @Test(
        "For an unused name similar names are shown, the most similar first",
        arguments: [
            ("Certs/TLS.crt", ["certs/tls.crt", "old/tls.crt"]), ("tls.crt", ["certs/tls.crt", "old/tls.crt"]),
            ("WildcardCertificat", ["WildcardCertificate"]), ("wildcardcertificate", ["WildcardCertificate"]),
            ("password", []), ("a", []),
        ] as [(String, [String])])
    func similar(file: String, names: [String]) throws {
        let snapshot = Snapshot(["old/tls.crt": "1", "ab": "1"])
        let all = [try distribution("a", from: ["certs/tls.crt", "WildcardCertificate"])]
        #expect(try explain(file, all, snapshot: snapshot).similar == names)
    }

    @Test("At most five names are shown, and very long ones are not compared by letters")
    func bounded() {
        #expect(SimilarNames.of("name1", among: (0..<9).map { "name\($0)x" }).count == 5)
        let long = String(repeating: "a", count: 4000)
        #expect(SimilarNames.of(long, among: [long + "b"]).isEmpty)
        #expect(SimilarNames.of(long, among: [long.uppercased()]) == [long.uppercased()])
    }

    @Test("A cluster distribution is shown for each namespace that it selects, and says where another one wins")
    func cluster() throws {
        let manifest: JSONValue = [
            "metadata": ["name": "wide"],
            "spec": [
                "namespaces": ["team-*"],
                "template": ["name": "app-secret", "secrets": [["from": "certs/tls.crt", "to": "a"]]],
            ],
        ]
        let wide = try SecretsDistribution(reading: try JSONNode(json: manifest.encoded()[...]), isCluster: true)
        let own = try distribution("own", ["metadata": ["namespace": "team-a"]])
        let namespaces = ["team-a", "team-b", "other"].map { Namespace(name: $0) }
        let all = Explanation(
            of: try SourcePath("certs/tls.crt"), in: [wide, own], namespaces: namespaces, managedBy: "agent",
            onlyAssigned: false, snapshot: nil, policy: nil)
        #expect(
            all.readers.map { "\($0.distribution) \($0.namespace ?? "-")" } == [
                "wide team-a", "wide team-b", "team-a/own team-a",
            ])
        #expect(all.readers.map(\.reason) == [.targetConflict, nil, nil])
        let unknown = try explain("certs/tls.crt", [wide])
        #expect(unknown.readers.map(\.namespace) == [nil])
    }
}
