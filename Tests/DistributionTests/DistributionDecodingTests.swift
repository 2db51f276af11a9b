import DistributionSupport
import Testing

@testable import Distribution
@testable import JSON

@Suite struct DistributionDecodingTests {
    @Test("A complete manifest is decoded")
    func full() throws {
        let distribution = try Manifest.read(
            #"""
            {
              "apiVersion": "xlscsde.nhs.uk/v1", "kind": "SecretsDistribution",
              "metadata": {
                "name": "app", "namespace": "shop", "uid": "u", "resourceVersion": "9", "generation": 4,
                "creationTimestamp": "2024-05-01T10:00:00Z", "managedFields": [{"manager": "kubectl"}],
                "annotations": {"xlscsde.nhs.uk/managedBy": "agent", "note": "x"}, "finalizers": ["a/b"]
              },
              "spec": {
                "name": "app-secret", "type": "kubernetes.io/tls", "deletionPolicy": "Delete", "validation": "None",
                "secrets": [
                  {"from": "certs/tls.crt", "to": "tls.crt"},
                  {"from": "certs/tls.key", "to": "tls.key", "optional": false},
                  {"from": "ca", "to": "ca.crt", "optional": true}
                ],
                "metadata": {
                  "labels": {"reloader": "yes", "empty": ""}, "annotations": {"example.com/a": "any text\n"}
                }
              },
              "status": {
                "statusText": "ok", "lastUpdated": "2024-05-01T10:00:01Z", "mountGeneration": "..g",
                "observedGeneration": 4,
                "conditions": [
                  {"type": "Ready", "status": "True", "reason": "Synced", "message": "ok",
                   "lastTransitionTime": "2024-05-01T10:00:01Z", "observedGeneration": 4}
                ]
              }
            }
            """#)
        #expect(distribution.complaints == [])
        #expect(distribution.refusal == nil)
        #expect(distribution.key == ObjectKey(namespace: "shop", name: "app"))
        #expect(distribution.hasUsableName)
        #expect(distribution.uid == "u" && distribution.resourceVersion == "9" && distribution.generation == 4)
        #expect(distribution.createdAt == "2024-05-01T10:00:00Z")
        #expect(distribution.assignedTo == "agent")
        #expect(!distribution.isBeingDeleted)
        #expect(distribution.target == ObjectKey(namespace: "shop", name: "app-secret"))
        #expect(distribution.spec.type == "kubernetes.io/tls")
        #expect(distribution.spec.deletionPolicy == .delete)
        #expect(distribution.spec.validation == .none)
        #expect(distribution.spec.files.map(\.text) == ["certs/tls.crt", "certs/tls.key", "ca"])
        #expect(distribution.spec.mappings.map(\.to) == ["tls.crt", "tls.key", "ca.crt"])
        #expect(distribution.spec.mappings.map(\.optional) == [false, false, true])
        #expect(distribution.spec.labels == ["reloader": "yes", "empty": ""])
        #expect(distribution.spec.annotations == ["example.com/a": "any text\n"])
        #expect(distribution.status.statusText == "ok")
        #expect(distribution.status.lastUpdated == "2024-05-01T10:00:01Z")
        #expect(distribution.status.mountGeneration == "..g")
        #expect(distribution.status.observedGeneration == 4)
        #expect(distribution.status.ready?.reason == "Synced")
    }

    @Test("The status that the definition sets by default observes no generation")
    func defaultStatus() throws {
        let distribution = try Manifest.read(
            #"{"metadata":{"name":"app","generation":1},"spec":{},"status":{"observedGeneration":-1}}"#)
        #expect(distribution.status == StoredStatus())
    }

    @Test("Omitted fields have their defaults")
    func defaults() throws {
        let distribution = try Manifest.read(
            #"{"metadata":{"name":"app"},"spec":{"name":"s","secrets":[{"from":"a","to":"b"}]}}"#)
        #expect(distribution.complaints == [])
        #expect(distribution.key == ObjectKey(namespace: "", name: "app"))
        #expect(distribution.hasUsableName)
        #expect(distribution.uid == "" && distribution.resourceVersion == "" && distribution.generation == 0)
        #expect(distribution.createdAt == "" && distribution.assignedTo == nil && !distribution.isBeingDeleted)
        #expect(distribution.spec.type == "Opaque")
        #expect(distribution.spec.deletionPolicy == .retain)
        #expect(distribution.spec.validation == .full)
        #expect(distribution.spec.mappings.map(\.optional) == [false])
        #expect(distribution.spec.labels.isEmpty && distribution.spec.annotations.isEmpty)
        #expect(distribution.status == StoredStatus())
    }

    @Test("A null, and an empty type, policy or validation, count as omitted")
    func nulls() throws {
        let distribution = try Manifest.read(
            #"""
            {"metadata": {"name": "app", "namespace": null, "uid": null, "annotations": null, "deletionTimestamp": null},
             "spec": {"name": "s", "type": "", "deletionPolicy": "", "validation": "", "metadata": {"labels": null, "annotations": null},
                      "secrets": [{"from": "a", "to": "b", "optional": null}]},
             "status": null}
            """#)
        #expect(distribution.complaints == [])
        #expect(distribution.spec.type == "Opaque" && distribution.spec.deletionPolicy == .retain)
        #expect(distribution.spec.validation == .full)
        #expect(!distribution.isBeingDeleted)
    }

    @Test(
        "The deletion policy has two values",
        arguments: [("Retain", DeletionPolicy.retain), ("Delete", DeletionPolicy.delete)])
    func policy(word: String, policy: DeletionPolicy) throws {
        let distribution = try Manifest.amended(["spec": ["deletionPolicy": .string(word)]])
        #expect(distribution.spec.deletionPolicy == policy)
        #expect(distribution.refusal == nil)
    }

    @Test("Any other deletion policy is rejected: nothing is deleted", arguments: ["delete", "DELETE", "Keep", " "])
    func badPolicy(word: String) throws {
        let distribution = try Manifest.amended(["spec": ["deletionPolicy": .string(word)]])
        #expect(distribution.spec.deletionPolicy == .retain)
        #expect(
            distribution.complaints == ["spec.deletionPolicy is \"\(word)\", expected \"Retain\" or \"Delete\""])
        #expect(distribution.refusal?.reason == .invalidSpec)
    }

    @Test("Validation has two values", arguments: [("Full", Validation.full), ("None", Validation.none)])
    func validation(word: String, validation: Validation) throws {
        let distribution = try Manifest.amended(["spec": ["validation": .string(word)]])
        #expect(distribution.spec.validation == validation)
        #expect(distribution.refusal == nil)
    }

    @Test("Any other validation is rejected, and everything is validated", arguments: ["none", "NONE", "Off", " "])
    func badValidation(word: String) throws {
        let distribution = try Manifest.amended(["spec": ["validation": .string(word)]])
        #expect(distribution.spec.validation == .full)
        #expect(distribution.complaints == ["spec.validation is \"\(word)\", expected \"Full\" or \"None\""])
        #expect(distribution.refusal?.reason == .invalidSpec)
    }

    @Test("A deletion timestamp is decoded")
    func deleted() throws {
        let distribution = try Manifest.amended(["metadata": ["deletionTimestamp": "2024-05-01T10:00:00Z"]])
        #expect(distribution.isBeingDeleted)
    }

    @Test(
        "A distribution belongs to its assigned instance, or without one to any that takes unassigned ones",
        arguments: [
            (nil, false, true), (nil, true, false), ("agent", false, true), ("agent", true, true),
            ("other", false, false), ("other", true, false), ("", false, false),
        ] as [(String?, Bool, Bool)])
    func belongs(assignedTo: String?, onlyAssigned: Bool, belongs: Bool) throws {
        var distribution = try Manifest.amended()
        distribution.assignedTo = assignedTo
        #expect(distribution.belongs(to: "agent", onlyAssigned: onlyAssigned) == belongs)
    }

    @Test(
        "Types that the API server turns into credentials are rejected",
        arguments: ["kubernetes.io/service-account-token", "bootstrap.kubernetes.io/token"])
    func credentialTypes(type: String) throws {
        let distribution = try Manifest.amended(["spec": ["type": .string(type)]])
        #expect(distribution.refusal?.reason == .typeRefused)
        #expect(
            distribution.complaints
                == ["spec.type is \"\(type)\", which the API server turns into a credential; expected any other type"])
    }

    @Test(
        "Any other type is accepted",
        arguments: [
            "Opaque", "example.com/own", "kubernetes.io/tlss", String(repeating: "t", count: 253),
        ])
    func otherTypes(type: String) throws {
        let distribution = try Manifest.amended(["spec": ["type": .string(type)]])
        #expect(distribution.refusal == nil)
        #expect(distribution.spec.type == type)
    }

    @Test(
        "A type with a required key needs a mapping to it",
        arguments: [
            ("kubernetes.io/tls", [], ["\"tls.crt\"", "\"tls.key\""]),
            ("kubernetes.io/tls", ["tls.crt"], ["\"tls.key\""]), ("kubernetes.io/tls", ["tls.key", "tls.crt"], []),
            ("kubernetes.io/dockerconfigjson", [".dockercfg"], ["\".dockerconfigjson\""]),
            ("kubernetes.io/dockerconfigjson", [".dockerconfigjson"], []),
            ("kubernetes.io/dockercfg", [], ["\".dockercfg\""]), ("kubernetes.io/dockercfg", [".dockercfg"], []),
            ("kubernetes.io/basic-auth", [], ["\"username\" or \"password\""]),
            ("kubernetes.io/basic-auth", ["username"], []), ("kubernetes.io/basic-auth", ["password"], []),
            ("kubernetes.io/ssh-auth", [], ["\"ssh-privatekey\""]), ("kubernetes.io/ssh-auth", ["ssh-privatekey"], []),
        ] as [(String, [String], [String])])
    func requiredKeys(type: String, keys: [String], missing: [String]) throws {
        let mappings: [JSONValue] = (["other"] + keys).map { ["from": "f", "to": .string($0)] }
        let spec: JSONValue = ["type": .string(type), "secrets": .array(mappings)]
        let distribution = try Manifest.amended(["spec": spec])
        #expect(
            distribution.complaints
                == missing.map { "spec.secrets has no mapping to \($0), which a Secret of type \(type) must have" })
        #expect(distribution.refusal?.reason == (missing.isEmpty ? nil : .invalidSpec))
        // In this case the API server decides.
        let unchecked = try Manifest.amended(["spec": spec.merging(["validation": "None"])])
        #expect(unchecked.refusal == nil)
    }

    @Test("An unreadable mapping is reported as a single problem")
    func requiredKeyOfBadMapping() throws {
        let secrets: JSONValue = [["from": "/c", "to": "tls.crt"], ["from": "k", "to": "tls.key"]]
        let distribution = try Manifest.amended(["spec": ["type": "kubernetes.io/tls", "secrets": secrets]])
        #expect(distribution.problems.map(\.field) == ["spec.secrets[0].from"])
    }

    @Test("Invalid types are rejected", arguments: ["a b", "a\n", "tÿp", String(repeating: "t", count: 254)])
    func noTypes(type: String) throws {
        let distribution = try Manifest.amended(["spec": ["type": .string(type)]])
        #expect(distribution.refusal?.reason == .typeRefused)
    }

    @Test(
        "Metadata keys that are the program's own, or would give the Secret to another owner, are rejected",
        arguments: [
            ("xlscsde.nhs.uk/managedBy", "is set only by this program"),
            ("xlscsde.nhs.uk/distribution", "is set only by this program"),
            ("xlscsde.nhs.uk/mountGeneration", "is set only by this program"),
            ("xlscsde.nhs.uk/anything", "is set only by this program"),
            ("app.kubernetes.io/managed-by", "is set only by this program"),
            ("kubernetes.io/service-account.name", "would tie the Secret to a service account"),
            ("kubernetes.io/service-account.uid", "would tie the Secret to a service account"),
            ("meta.helm.sh/release-name", "would hand the Secret over to Helm"),
            ("meta.helm.sh/release-namespace", "would hand the Secret over to Helm"),
            ("kubectl.kubernetes.io/last-applied-configuration", "is written only by kubectl"),
        ], ["labels", "annotations"])
    func refusedKeys(refused: (key: String, why: String), map: String) throws {
        let distribution = try Manifest.amended([
            "spec": ["metadata": [map: [refused.key: "v", "fine": "v"]]]
        ])
        #expect(distribution.complaints == ["spec.metadata.\(map).\(refused.key) is rejected: it \(refused.why)"])
        #expect(distribution.refusal?.reason == .invalidSpec)
        #expect((map == "labels" ? distribution.spec.labels : distribution.spec.annotations) == ["fine": "v"])
    }

    @Test(
        "Metadata keys that only look like rejected ones are accepted",
        arguments: [
            "app.kubernetes.io/name", "app.kubernetes.io/managed-by-x", "kubernetes.io/service-accounts",
            "helm.sh/chart", "kubectl.kubernetes.io/restartedAt", "x.xlscsde.nhs.uk/managedBy", "managedBy",
        ])
    func takenKeys(key: String) throws {
        let distribution = try Manifest.amended(["spec": ["metadata": ["labels": [key: "v"]]]])
        #expect(distribution.complaints == [])
        #expect(distribution.spec.labels == [key: "v"])
    }
}
