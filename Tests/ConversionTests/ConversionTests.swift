import Testing

@testable import Conversion

@Suite("A conversion")
struct ConversionTests {
    @Test("reports YAML errors with their lines, and converts the other documents")
    func damaged() throws {
        let good = """
            apiVersion: v1
            kind: Pod
            metadata: {name: web, annotations: {secret.bsycorp.com/a: "kind=REFERENCE,type=RSA"}}
            """
        let converted = try Converted("kind: [\n---\n\(good)\n---\na: 1\na: 2\n")
        #expect(converted.distributions.count == 1)
        #expect(converted.lost.map { $0.prefix(9) } == ["1.yaml:2:", "1.yaml:8:"], "\(converted.lost)")
    }

    @Test(
        "reports documents that are not what their kind says",
        arguments: [
            "metadata: 7", "metadata: {}", "metadata: {name: 7}", "spec: 7", "metadata: {name: a}\nspec: 7",
            "metadata: {name: a}\nspec: {secretObjects: 7}",
            "metadata: {name: a, namespace: B}\nspec: {secretObjects: [{secretName: a, type: a, data: [{objectName: a, key: a}]}]}",
        ])
    func shape(text: String) throws {
        let converted = try Converted("apiVersion: secrets-store.csi.x-k8s.io/v1\nkind: SecretProviderClass\n\(text)")
        #expect(converted.distributions.isEmpty)
        #expect(converted.lost.count == 1, "\(converted.lost)")
    }

    @Test("shows text of the input on one line and shortened")
    func oneLine() throws {
        let name = String(repeating: "x", count: 900) + "\\n\\u202e"
        let converted = try Converted(
            """
            apiVersion: secrets-store.csi.x-k8s.io/v1
            kind: SecretProviderClass
            metadata: {name: "\(name)"}
            spec: {secretObjects: [{secretName: a, type: a, "\(name)": 1, data: [{objectName: a, key: a}]}]}
            """)
        for finding in converted.findings {
            #expect(finding.description.utf8.count < 1200)
            #expect(!finding.description.unicodeScalars.contains { $0 == "\n" || $0 == "\u{202e}" })
        }
        // A comment ends with its line.
        #expect(converted.documents.count == 1)
    }

    @Test("takes a time that grows with the size of the input only", .timeLimit(.minutes(1)))
    func large() throws {
        let bad = (0..<900).map { "{objectName: ../\($0), key: \"/\($0)\"}" }.joined(separator: ",")
        let objects = (0..<20).map { "{secretName: a\($0), type: a, data: [\(bad)]}" }.joined(separator: ",")
        let converted = try Converted(
            """
            apiVersion: secrets-store.csi.x-k8s.io/v1
            kind: SecretProviderClass
            metadata: {name: a}
            spec: {secretObjects: [\(objects)]}
            """)
        #expect(converted.findings.count == 1001)
        #expect(converted.findings.last?.message == "has 17000 more findings")
    }
}
