import Distribution
import Kube
import Testing

@testable import JSON
@testable import Planning
@testable import Stores

/// What is kept of a Secret, whoever wrote it.
@Suite("A Secret in memory")
struct SecretObjectTests {
    private func read(_ metadata: String, _ rest: String = "") throws -> ObservedTarget {
        let json = #"{"metadata":{"name":"s","namespace":"n","uid":"u","resourceVersion":"1",\#(metadata)}\#(rest)}"#
        return try JSONBytes.decode(SecretObject.self, from: Array(json.utf8)).observed
    }

    private func members(_ count: Int, _ value: String = #""""#) -> String {
        (0..<count).map { #""k\#($0)":\#(value)"# }.joined(separator: ",")
    }

    private static let marks =
        #""labels":{"app.kubernetes.io/managed-by":"me"},"annotations":{"xlscsde.nhs.uk/managedBy":"me"}"#

    @Test("has the digests of up to 1,000 keys; with more keys, only its owner and the excess")
    func keys() throws {
        let most = try read(Self.marks, #","data":{\#(members(1000))}"#)
        #expect(most.excess == nil && most.digests.count == 1000)
        let more = try read(Self.marks + #","deletionTimestamp":"t""#, #","data":{\#(members(1001))},"immutable":true"#)
        #expect(more.excess == "has 1001 data keys, expected at most 1000")
        #expect(more.digests.isEmpty && more.managedBy == "me" && more.labels == [WellKnownKeys.managedByLabel: "me"])
        #expect(more.uid == "u" && more.resourceVersion == "1" && more.isBeingDeleted)
    }

    @Test("has bounded metadata and a bounded type")
    func metadata() throws {
        let many = members(1001)
        let reference = #"{"apiVersion":"v","kind":"k","name":"n","uid":"u"}"#
        for (metadata, rest, words) in [
            (#""labels":{\#(many)}"#, "", "1001 labels"), (#""annotations":{\#(many)}"#, "", "1001 annotations"),
            (
                #""ownerReferences":[\#([String](repeating: reference, count: 1001).joined(separator: ","))]"#, "",
                "1001 owner references"
            ),
            (
                #""finalizers":[\#([String](repeating: #""a/b""#, count: 1001).joined(separator: ","))]"#, "",
                "1001 finalizers"
            ),
            (Self.marks, #","type":"\#(String(repeating: "<", count: 1000))""#, "a type of 1002 bytes"),
        ] {
            let target = try read(metadata, rest)
            #expect(target.excess?.contains(words) == true)
            #expect(target.labels.count + target.annotations.count + target.owners.count < 4 && target.type == "")
        }
    }

    /// More combining marks in a row than the agent accepts.
    private static let tooManyMarks = String(repeating: "\u{301}", count: 40)

    @Test(
        "of which parts cannot be read is still recognized as ours, and names the first such part",
        arguments: [
            ("", #","type":"a\#(tooManyMarks)""#, ".type is not a string"),
            (
                #""annotations":{"xlscsde.nhs.uk/managedBy":"me","note":"a\#(tooManyMarks)"}"#, "",
                ".metadata.annotations.note is not a string"
            ),
            (
                #""ownerReferences":[{"apiVersion":"v1","kind":"K","name":"a\#(tooManyMarks)","uid":"u"}]"#, "",
                ".metadata.ownerReferences[0].name is not a string"
            ),
        ])
    func unreadableParts(_ metadata: String, _ rest: String, _ place: String) throws {
        let labels = #""labels":{"app.kubernetes.io/managed-by":"me"}"#
        let whole =
            #"{"metadata":{"name":"s","namespace":"n","uid":"u","resourceVersion":"1",\#(labels)"#
            + (metadata.isEmpty ? "" : "," + metadata) + "}" + rest + "}"
        let secret = try JSONBytes.decode(SecretObject.self, from: Array(whole.utf8))
        #expect(secret.observed.excess == "has parts that cannot be read (\(place))")
        #expect(secret.observed.key == ObjectKey(namespace: "n", name: "s"))
        #expect(secret.observed.labels == [WellKnownKeys.managedByLabel: "me"])
        let event = #"{"type":"MODIFIED","object":\#(whole)}"#
        guard case .upsert(let heard) = try JSONBytes.decode(WatchEvent<SecretObject>.self, from: Array(event.utf8))
        else {
            Issue.record("no event")
            return
        }
        #expect(heard.observed == secret.observed)
    }

    @Test("reports as others' keys only those that it has, and a manager up to a maximum length")
    func managers() throws {
        let fields = members(10_000, "{}").replacing(#""k"#, with: #""f:k"#)
        let manager = String(repeating: "m", count: 10_000)
        let target = try read(
            #""managedFields":[{"manager":"\#(manager)","time":"t","fieldsV1":{"f:data":{\#(fields)}}}]"#,
            #","data":{"k1":"","k20000":""}"#)
        #expect(target.foreignKeys == ["k1"])
        #expect(target.changedBy == String(repeating: "m", count: 128))
    }

    @Test("leaves no record of its size when a list no longer contains it")
    func large() {
        let large = LargeObjects()
        let key = ObjectKey(namespace: "n", name: "s")
        large.record(key, size: 40_001)
        #expect(large[key] > 40_000)
        large.keep(only: [], in: .namespace("other"))
        large.keep(only: [key], in: .all)
        #expect(large[key] > 40_000)
        large.keep(only: [], in: .namespace("n"))
        #expect(large[key] == 0)
    }
}
