import JSON
import Planning
import ProviderClasses
import Snapshots
import Testing

@testable import Stores

@Suite("The versions of the objects of a pod's volume")
struct PodVersionTests {
    private func objects(_ list: String) throws -> [VaultObject] {
        let lines = list.split(separator: "\n").map { "          \($0)" }.joined(separator: "\n")
        let text = """
            apiVersion: secrets-store.csi.x-k8s.io/v1
            kind: SecretProviderClass
            metadata: {name: c}
            spec:
              provider: azure
              parameters:
                keyvaultName: vault
                tenantId: t
                objects: |
                  array:
            \(lines)
            """
        let parsed = ClassManifests.parse(Array(text.utf8), file: "c")
        #expect(parsed.findings.isEmpty, "\(parsed.findings)")
        return try #require(parsed.classes.first).objects
    }

    private func volume(_ versions: (String, String)...) throws -> PodVolume {
        let objects = versions.map { #"{"id":"\#($0.0)","version":"\#($0.1)"}"# }.joined(separator: ",")
        let json = #"{"metadata":{"name":"p"},"status":{"objects":[\#(objects)]}}"#
        return try PodVolume(reading: try JSONNode(json: Array(json.utf8)[...]))
    }

    private func files(_ volume: PodVolume, _ known: [VaultObject]?, _ names: String...) -> [String] {
        let snapshot = Snapshot(Dictionary(uniqueKeysWithValues: names.map { ($0, "x") }), generation: "g")
        return volume.files(known, in: MountListing(snapshot)).map { "\($0.key) \($0.value.version)" }.sorted()
    }

    @Test("are those of the files of each object, with a history and with separate files")
    func azure() throws {
        let known = try objects(
            """
            - |
              objectName: web
              objectType: secret
              objectVersionHistory: 2
            - |
              objectName: tls
              objectType: secret
              objectAlias: cert
            """)
        let volume = try volume(("secret/web/0", "new"), ("secret/web/1", "old"), ("secret/tls", "t"))
        #expect(
            files(volume, known, "web/0", "web/1", "cert", "cert.crt", "other")
                == ["cert t", "cert.crt t", "web/0 new", "web/1 old"])
    }

    @Test("are known for none of several objects with one id, unless the class names the version")
    func ambiguous() throws {
        let known = try objects(
            """
            - |
              objectName: web
              objectType: secret
            - |
              objectName: web
              objectType: secret
              objectVersion: old
              objectAlias: web-old
            """)
        #expect(files(try volume(("secret/web", "new")), known, "web", "web-old") == [])
        #expect(files(try volume(("secret/web", "old")), known, "web", "web-old") == ["web-old old"])
    }

    @Test("are guessed from the ids without the class")
    func guessed() throws {
        #expect(
            files(try volume(("a", "1"), ("secret/b", "2"), ("c", "3")), nil, "a", "b") == ["a 1", "b 2"])
    }
}
