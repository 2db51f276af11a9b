import Distribution
import Testing

@testable import Conversion

@Suite("SecretSync")
struct SecretSyncsTests {
    private func sync(_ object: String, _ more: String = "", version: String = "v1alpha1") -> String {
        """
        apiVersion: secret-sync.x-k8s.io/\(version)
        kind: SecretSync
        metadata: {name: app, namespace: shop}
        spec:
          serviceAccountName: reader
          secretProviderClassName: vault
        \(more)
          secretObject:
        \(object)
        """
    }

    @Test("becomes a distribution of the Secret with its name", arguments: ["v1alpha1", "v1"])
    func all(version: String) throws {
        let converted = try Converted(
            sync(
                """
                    type: kubernetes.io/basic-auth
                    labels: {a: b}
                    annotations: {c: d}
                    data: [{sourcePath: db/0, targetKey: password}, {sourcePath: user, targetKey: username}]
                """, "  forceSynchronization: again", version: version))
        converted.expectValid()
        let distribution = try #require(converted.distributions.first)
        #expect(distribution.key.description == "shop/app" && distribution.spec.name == "app")
        #expect(distribution.spec.type == "kubernetes.io/basic-auth" && distribution.forceSync == "again")
        #expect(distribution.spec.labels == ["a": "b"] && distribution.spec.annotations == ["c": "d"])
        #expect(converted.sources() == ["password": "db/0", "username": "user"])
        #expect(converted.lost == [])
        #expect(converted.remarks.count == 2)
        #expect(converted.remarks.first?.contains("1.yaml:5: remark: spec.serviceAccountName is \"reader\"") == true)
        #expect(converted.text.contains("#   kubectl delete secretsync app --namespace shop --cascade=orphan\n"))
        #expect(converted.text.contains("#   kubectl annotate secret app --namespace shop xlscsde.nhs.uk/managedBy="))
    }

    @Test(
        "that has no counterpart is reported with line and reason",
        arguments: [
            ("    type: Opaque", "", 9, "spec.secretObject.data is missing", 0),
            (
                "    data: [{sourcePath: a, targetKey: a}]", "  secretSyncControllerName: x", 7,
                "has no counterpart: it chooses", 1
            ),
            ("    data: [{sourcePath: a, targetKey: a}]", "  other: x", 7, "spec.other has no counterpart", 1),
            (
                "    other: 1\n    data: [{sourcePath: a, targetKey: a}]", "", 9,
                "spec.secretObject.other has no counterpart", 1
            ),
            ("    data: [{sourcePath: /a, targetKey: a}]", "", 9, "data[0].sourcePath has no counterpart", 0),
        ] as [(String, String, Int, String, Int)])
    func lost(object: String, more: String, line: Int, message: String, count: Int) throws {
        let converted = try Converted(sync(object, more))
        #expect(converted.distributions.count == count)
        #expect(
            converted.lost.count == 1 && converted.lost.first?.hasPrefix("1.yaml:\(line): ") == true,
            "\(converted.lost)")
        #expect(converted.lost.first?.contains(message) == true, "\(converted.lost)")
    }
}
