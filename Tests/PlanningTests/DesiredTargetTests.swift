import DistributionSupport
import Kube
import Observability
import Snapshots
import Testing

@testable import Distribution
@testable import JSON
@testable import Planning

@Suite struct DesiredTargetTests {
    private func target(
        _ patch: JSONValue = [:], from snapshot: Snapshot? = Snapshot(["password": "one"])
    ) throws -> DesiredTarget {
        try DesiredTarget(Manifest.amended(patch), from: snapshot, managedBy: "agent")
    }

    private func refusal(_ patch: JSONValue = [:], from snapshot: Snapshot?) throws -> Refusal? {
        let distribution = try Manifest.amended(patch)
        return #expect(throws: Refusal.self) {
            try DesiredTarget(distribution, from: snapshot, managedBy: "agent")
        }
    }

    @Test("Each key has the content of its source file, all from one generation")
    func values() throws {
        let snapshot = Snapshot(["a": "1", "b/c": "2", "unused": "3"], generation: "..g7")
        let target = try target(
            ["spec": ["secrets": Manifest.mappings(("a", "A"), ("b/c", "B"), ("a", "C"))]], from: snapshot)
        #expect(target.key == ObjectKey(namespace: "shop", name: "app-secret"))
        #expect(target.data.mapValues(\.bytes.text) == ["A": "1", "B": "2", "C": "1"])
        #expect(target.data.mapValues(\.digest) == ["A": Digest("1"), "B": Digest("2"), "C": Digest("1")])
        #expect(target.generation == "..g7")
        #expect(target.type == "Opaque")
    }

    @Test("A path is looked up in its normal form")
    func normalPath() throws {
        let target = try target(
            ["spec": ["secrets": Manifest.mappings(("./..data//b//c", "B"))]], from: Snapshot(["b/c": "2"]))
        #expect(target.data["B"]?.bytes.text == "2")
    }

    @Test("A file in an unreadable folder is not missing, optional or not", arguments: [true, false])
    func unreadableFolder(optional: Bool) throws {
        let snapshot = Snapshot(["a": "1"], failed: ["b/c": .unreadable(reason: "Permission denied")])
        let refusal = try refusal(
            ["spec": ["secrets": [["from": "b/c/d/e", "to": "E", "optional": .bool(optional)]]]], from: snapshot)
        #expect(refusal?.reason == .sourceUnreadable)
        #expect(refusal?.message == #"Source file "b/c/d/e" cannot be read: Permission denied."#)
    }

    @Test("A file below a name that is a file is missing")
    func fileForFolder() throws {
        let spec: JSONValue = ["spec": ["secrets": Manifest.mappings(("a/b", "B"))]]
        #expect(try refusal(spec, from: Snapshot(["a": "1"]))?.reason == .sourceNotFound)
    }

    @Test("An empty source file is a value")
    func emptyFile() throws {
        #expect(try target(from: Snapshot(["password": ""])).data["PASSWORD"]?.bytes.count == 0)
    }

    @Test("The bytes are shared with the snapshot, not copied")
    func shared() throws {
        let bytes = SecretBytes(Array("one".utf8))
        let snapshot = Snapshot(
            generation: "g", createdAt: Timestamp(seconds: 0), files: ["password": SourceFile(bytes)])
        #expect(try target(from: snapshot).data["PASSWORD"]?.bytes === bytes)
    }

    @Test("The target has the program's marks and the distribution's own metadata, but no generation yet")
    func marks() throws {
        let target = try target([
            "spec": [
                "metadata": ["labels": ["reloader": "yes"], "annotations": ["note": "x"]], "type": "example.com/t",
            ]
        ])
        #expect(target.labels == ["reloader": "yes", "app.kubernetes.io/managed-by": "agent"])
        #expect(
            target.annotations == [
                "note": "x", "xlscsde.nhs.uk/managedBy": "agent", "xlscsde.nhs.uk/distribution": "shop/app",
            ])
        #expect(target.type == "example.com/t")
    }

    @Test("The distribution owns its target only with the policy Delete")
    func owner() throws {
        #expect(try target().owner == nil)
        #expect(try target(["spec": ["deletionPolicy": "Retain"]]).owner == nil)
        #expect(try target(["spec": ["deletionPolicy": "Delete"]]).owner == .ours)
        #expect(OwnerReference.ours.isOurs && !OwnerReference.other.isOurs)
    }

    @Test(
        "An owner reference is recognized by kind and group, whatever its version",
        arguments: [
            ("xlscsde.nhs.uk/v1", "SecretsDistribution", true), ("xlscsde.nhs.uk/v2", "SecretsDistribution", true),
            ("xlscsde.nhs.uk.example.com/v1", "SecretsDistribution", false),
            ("example.com/v1", "SecretsDistribution", false), ("xlscsde.nhs.uk/v1", "Other", false),
        ])
    func isOurs(apiVersion: String, kind: String, isOurs: Bool) {
        #expect(OwnerReference(apiVersion: apiVersion, kind: kind, name: "n", uid: "u").isOurs == isOurs)
    }

    @Test("All missing sources are named, in the order of the mappings")
    func missing() throws {
        let refusal = try refusal(
            ["spec": ["secrets": Manifest.mappings(("z", "Z"), ("password", "P"), ("a\nb", "A"))]],
            from: Snapshot(["password": "one"]))
        #expect(refusal == Refusal(.sourceNotFound, "The mount has no file \"z\", \"a\\nb\"."))
    }

    @Test("A file whose name only looks like the source's is another file", arguments: ["e\u{301}", "\u{e9}"])
    func looksTheSame(name: String) throws {
        let refusal = try refusal(
            ["spec": ["secrets": Manifest.mappings((name, "A"))]],
            from: Snapshot([name.unicodeScalars.count == 1 ? "e\u{301}" : "\u{e9}": "one"]))
        #expect(refusal?.reason == .sourceNotFound)
    }

    @Test("Its generation names the volumes of its sources, including missing ones, and no other")
    func generation() throws {
        var snapshot = Snapshot(["password": "one", "azure/pw": "two", "aws/pw": "three"], generation: "..0")
        for name in ["aws", "azure"] {
            snapshot.volumes[name] = Snapshot.Volume(generation: "..\(name)", createdAt: Timestamp(seconds: 0))
        }
        let generation = { (sources: [String]) in
            let secrets: [JSONValue] = sources.map {
                ["from": .string($0), "to": .string("K\($0.utf8.count)"), "optional": true]
            }
            return try target(["spec": ["secrets": .array(secrets)]], from: snapshot).generation
        }
        #expect(try generation(["password"]) == "..0")
        #expect(try generation(["azure/pw"]) == "azure/..azure")
        #expect(try generation(["azure/..data/gone", "password"]) == "..0, azure/..azure")
        #expect(try generation(["azure/pw", "aws/pw"]) == "aws/..aws, azure/..azure")
    }

    @Test("A missing optional source omits its key")
    func optional() throws {
        let secrets: JSONValue = [
            ["from": "password", "to": "PASSWORD"], ["from": "ca", "to": "CA", "optional": true],
        ]
        #expect(try target(["spec": ["secrets": secrets]]).data.keys.sorted() == ["PASSWORD"])
        let full = Snapshot(["password": "one", "ca": "two"])
        #expect(try target(["spec": ["secrets": secrets]], from: full).data.keys.sorted() == ["CA", "PASSWORD"])
    }

    @Test(
        "An unreadable source holds the whole target back, optional or not",
        arguments: [
            (
                SourceError.unreadable(reason: "Permission denied"), Reason.sourceUnreadable,
                "Source file \"ca\" cannot be read: Permission denied."
            ),
            (.outsideMount, .sourceUnreadable, "Source file \"ca\" is a link that leads out of the mount."),
            (.notRegular, .sourceUnreadable, "Source file \"ca\" is not a regular file."),
            (
                .tooLarge(size: 2_000_000), .targetTooLarge,
                "Source file \"ca\" is 2000000 bytes, more than the 1048576 that a Secret can hold."
            ),
        ], [false, true])
    func failed(failure: (error: SourceError, reason: Reason, message: String), optional: Bool) throws {
        let secrets: JSONValue = [
            ["from": "password", "to": "P"], ["from": "ca", "to": "CA", "optional": .bool(optional)],
        ]
        let snapshot = Snapshot(["password": "one"], failed: ["ca": failure.error])
        #expect(
            try refusal(["spec": ["secrets": secrets]], from: snapshot) == Refusal(failure.reason, failure.message))
    }

    @Test("An unreadable file that no mapping uses has no effect")
    func failedElsewhere() throws {
        let snapshot = Snapshot(["password": "one"], failed: ["other": .notRegular])
        #expect(try target(from: snapshot).data.count == 1)
    }

    @Test("Sources together can be as large as a Secret, and no larger", arguments: [0, 1])
    func size(excess: Int) throws {
        let half = String(repeating: "x", count: SourceFile.maximumSize / 2)
        let snapshot = Snapshot(["a": half, "b": half + String(repeating: "x", count: excess)])
        let patch: JSONValue = ["spec": ["secrets": Manifest.mappings(("a", "A"), ("b", "B"))]]
        if excess == 0 {
            #expect(try target(patch, from: snapshot).data.count == 2)
        } else {
            #expect(
                try refusal(patch, from: snapshot)
                    == Refusal(
                        .targetTooLarge,
                        "Its 2 values are 1048577 bytes, more than the 1048576 that a Secret can hold."))
        }
    }

    @Test("A file that is mapped twice is counted twice")
    func sizeOfDuplicates() throws {
        let snapshot = Snapshot(["a": String(repeating: "x", count: SourceFile.maximumSize / 2 + 1)])
        let patch: JSONValue = ["spec": ["secrets": Manifest.mappings(("a", "A"), ("a", "B"))]]
        #expect(try refusal(patch, from: snapshot)?.reason == .targetTooLarge)
    }

    @Test("Without a generation of the mount, every target is kept")
    func noSnapshot() throws {
        #expect(try refusal(from: nil) == Refusal(.sourceNotFound, "The mount holds no files yet."))
        #expect(try refusal(from: Snapshot([:]))?.reason == .sourceNotFound)
    }

    @Test("A distribution with a problem has no desired target, whatever the mount holds")
    func invalid() throws {
        let patch: JSONValue = ["spec": ["type": "bootstrap.kubernetes.io/token"]]
        #expect(try refusal(patch, from: Snapshot(["password": "one"]))?.reason == .typeRefused)
        #expect(try refusal(["spec": ["name": "A B"]], from: Snapshot(["password": "one"]))?.reason == .invalidSpec)
    }

    @Test("An unknown field does not hold a target back")
    func unknownField() throws {
        #expect(try target(["spec": ["extra": 1]]).data.count == 1)
    }

    @Test("No description of a desired target contains a value")
    func redacted() throws {
        let target = try target(from: Snapshot(["password": "hunter2"]))
        var dumped = ""
        dump(target, to: &dumped)
        #expect(!("\(target)" + String(reflecting: target) + dumped).contains("hunter2"))
    }
}
