import Distribution
import Testing

@testable import Conversion

@Suite("secretObjects of a SecretProviderClass")
struct SecretObjectsTests {
    private func provider(_ objects: String, version: String = "v1") -> String {
        """
        apiVersion: secrets-store.csi.x-k8s.io/\(version)
        kind: SecretProviderClass
        metadata:
          name: vault
          namespace: shop
        spec:
          provider: azure
          parameters: {objects: "..."}
          secretObjects:
        \(objects)
        """
    }

    @Test(
        "become distributions with the same Secret, type, labels, annotations and keys", arguments: ["v1", "v1alpha1"])
    func all(version: String) throws {
        let converted = try Converted(
            provider(
                """
                  - secretName: " wildcard "
                    type: kubernetes.io/tls
                    labels: {environment: test, number: "1"}
                    annotations: {reloader.stakater.com/match: "true"}
                    data:
                    - {objectName: wildcard, key: tls.crt}
                    - {objectName: wildcard, key: tls.key}
                  - secretName: app
                    type: Opaque
                    data:
                    - {objectName: projects/p/secrets/db/versions/1, key: password}
                    - {objectName: " alias ", key: " user "}
                """, version: version))
        converted.expectValid()
        #expect(converted.findings == [])
        let spec = try #require(converted.distributions.first).spec
        #expect(converted.distributions.map(\.key.description) == ["shop/wildcard", "shop/app"])
        #expect(converted.distributions.map(\.spec.name) == ["wildcard", "app"])
        #expect(spec.type == "kubernetes.io/tls" && converted.distributions.last?.spec.type == "Opaque")
        #expect(spec.labels == ["environment": "test", "number": "1"])
        #expect(spec.annotations == ["reloader.stakater.com/match": "true"])
        #expect(spec.deletionPolicy == .retain)
        #expect(converted.sources() == ["tls.crt": "wildcard", "tls.key": "wildcard"])
        #expect(converted.sources(1) == ["password": "projects/p/secrets/db/versions/1", "user": "alias"])
    }

    @Test("are handed over by commands that name the Secret, the namespace and the owner mark")
    func handover() throws {
        let object = """
              - secretName: app
                type: Opaque
                data: [{objectName: a, key: a}]
            """
        let named = try Converted(provider(object), managedBy: "team")
        #expect(
            named.text.contains(
                "#   kubectl annotate secret app --namespace shop xlscsde.nhs.uk/managedBy=team --overwrite\n"))
        #expect(
            named.text.contains(
                "#   kubectl patch secret app --namespace shop --type merge --patch '{\"metadata\":{\"ownerReferences\":null}}'\n"
            ))
        #expect(named.text.contains("# From SecretProviderClass vault, 1.yaml:10.\n"))
        // Each document starts with its comments.
        #expect(named.text.hasPrefix("---\n# From "))
        let without = try Converted(provider(object).replacing("  namespace: shop\n", with: ""))
        #expect(without.text.contains("secret app xlscsde.nhs.uk/managedBy=secrets-distributor --overwrite\n"))
        #expect(without.distributions.first?.key.description == "app")
    }

    @Test(
        "that have no counterpart are reported with line and reason",
        arguments: [
            (
                "secretName: Bad_Name\n    type: Opaque\n    data: [{objectName: a, key: a}]", 10,
                "secretName has no counterpart: it is \"Bad_Name\"", 0
            ),
            ("type: Opaque\n    data: [{objectName: a, key: a}]", 10, "secretName is missing", 0),
            (
                "secretName: a\n    type: kubernetes.io/service-account-token\n    data: [{objectName: a, key: a}]", 11,
                "type has no counterpart: it is \"kubernetes.io/service", 0
            ),
            ("secretName: a\n    type: Opaque", 10, "data is missing", 0),
            ("secretName: a\n    type: Opaque\n    data: []", 10, "data is missing", 0),
            (
                "secretName: a\n    type: kubernetes.io/tls\n    data: [{objectName: a, key: tls.crt}]", 10,
                "spec.secrets has no mapping to \"tls.key\"", 0
            ),
            (
                "secretName: a\n    type: Opaque\n    data:\n    - {objectName: ../a, key: a}\n    - {objectName: b, key: b}",
                13, "data[0].objectName has no counterpart: it is \"../a\"", 1
            ),
            (
                "secretName: a\n    type: Opaque\n    data:\n    - {objectName: a, key: a}\n    - {objectName: b, key: b/c}",
                14, "data[1].key has no counterpart: it is \"b/c\"", 1
            ),
            (
                "secretName: a\n    type: Opaque\n    data:\n    - {objectName: a, key: a}\n    - {objectName: b}", 14,
                "data[1].key is missing", 1
            ),
            (
                "secretName: a\n    type: Opaque\n    data: [{objectName: a, key: a}, 7]", 12,
                "data[1] is not an object", 1
            ),
            ("secretName: a\n    type: Opaque\n    data: 7", 12, "data is not a list", 0),
            (
                "secretName: 7\n    type: Opaque\n    data: [{objectName: a, key: a}]", 10,
                "secretName is not a string", 0
            ),
            (
                "secretName: a\n    type: Opaque\n    data: [{objectName: a, key: a}]\n    labels: {app.kubernetes.io/managed-by: x}",
                13, "labels.app.kubernetes.io/managed-by has no counterpart: it is rejected", 1
            ),
            (
                "secretName: a\n    type: Opaque\n    data: [{objectName: a, key: a}]\n    labels: {a: 7}", 13,
                "labels.a is not a string", 1
            ),
            (
                "secretName: a\n    type: Opaque\n    data: [{objectName: a, key: a}]\n    more: 1", 13,
                "more has no counterpart: it is not a known field", 1
            ),
        ] as [(String, Int, String, Int)])
    func lost(object: String, line: Int, message: String, count: Int) throws {
        let converted = try Converted(provider("  - " + object))
        converted.expectValid()
        #expect(converted.distributions.count == count)
        #expect(converted.lost.count == 1, "\(converted.lost)")
        #expect(converted.lost.first?.hasPrefix("1.yaml:\(line): ") == true, "\(converted.lost)")
        #expect(converted.lost.first?.contains(message) == true, "\(converted.lost)")
    }

    @Test("without some of their keys say that the distribution is incomplete")
    func incomplete() throws {
        let text = provider(
            "  - {secretName: a, type: Opaque, data: [{objectName: a, key: a}, {objectName: /b, key: b}]}")
        #expect(try Converted(text).text.contains("# INCOMPLETE: "))
        #expect(try !Converted(text.replacing("/b", with: "b")).text.contains("INCOMPLETE"))
    }

    @Test("that describe one Secret twice become one distribution")
    func twice() throws {
        let object = "  - {secretName: a, type: Opaque, data: [{objectName: a, key: a}]}"
        let converted = try Converted(provider(object), provider(object + "\n" + object))
        #expect(converted.distributions.count == 1)
        #expect(
            converted.lost == [
                "2.yaml:10: spec.secretObjects[0].secretName has no counterpart: it is Secret shop/a, like 1.yaml:10, and a"
                    + " Secret can have one distribution only",
                "2.yaml:11: spec.secretObjects[1].secretName has no counterpart: it is Secret shop/a, like 1.yaml:10, and a"
                    + " Secret can have one distribution only",
            ])
    }

    @Test("with a key twice use the last one, as the driver does, and say so")
    func sameKey() throws {
        let converted = try Converted(
            provider("  - {secretName: a, type: Opaque, data: [{objectName: a, key: k}, {objectName: b, key: k}]}"))
        #expect(converted.sources() == ["k": "b"])
        #expect(converted.lost == [] && converted.remarks.count == 1)
    }

    @Test("that the driver could not write are converted with a remark")
    func betterThanBefore() throws {
        let tls = "[{objectName: a, key: tls.crt}, {objectName: a, key: tls.key}, {objectName: a, key: ca.crt}]"
        let converted = try Converted(
            provider(
                """
                  - {secretName: a, type: kubernetes.io/tls, data: \(tls)}
                  - {secretName: b, data: [{objectName: a, key: a}]}
                """))
        converted.expectValid()
        #expect(converted.lost == [] && converted.distributions.count == 2)
        #expect(converted.remarks.map { $0.prefix(22) } == ["1.yaml:10: remark: spe", "1.yaml:11: remark: spe"])
    }

    @Test("of an unknown version are an error, and a class without any is a remark")
    func versions() throws {
        let object = "  - {secretName: a, type: Opaque, data: [{objectName: a, key: a}]}"
        let unknown = try Converted(provider(object, version: "v2"))
        #expect(unknown.lost.first?.hasPrefix("1.yaml:1: apiVersion is \"secrets-store.csi.x-k8s.io/v2\"") == true)
        let none = try Converted(provider("").replacing("  secretObjects:\n", with: ""))
        #expect(none.lost == [] && none.remarks.count == 1)
        let other = try Converted(provider(object).replacing("secrets-store.csi.x-k8s.io", with: "example.com"))
        #expect(other.lost == [] && other.distributions.isEmpty && other.remarks.count == 1)
    }
}
