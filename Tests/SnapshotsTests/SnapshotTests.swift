import Observability
import Snapshots
import TestTraits
import Testing

@Suite(.tags(.unsafeMemory)) struct SnapshotTests {
    private func snapshot(_ files: [String: SourceFile]) -> Snapshot {
        Snapshot(generation: "g", createdAt: Timestamp(seconds: 0), files: files)
    }

    private func text(_ text: String) -> SourceFile { SourceFile(SecretBytes(Array(text.utf8))) }

    @Test func `all paths are new without an old snapshot`() {
        #expect(snapshot(["a": text("1"), "b/c": .failed(.notRegular)]).changedPaths(since: nil) == ["a", "b/c"])
    }

    @Test func `equal bytes are no change, even in other memory and in another generation`() {
        var new = snapshot(["a": text("1")])
        new.volumes[""]?.generation = "h"
        #expect(new.changedPaths(since: snapshot(["a": text("1")])).isEmpty)
    }

    @Test func `exactly the added, removed and changed paths are reported`() {
        let old = snapshot(["same": text("1"), "changed": text("1"), "removed": text("1")])
        let new = snapshot(["same": text("1"), "changed": text("2"), "added": text("1")])
        #expect(new.changedPaths(since: old) == ["changed", "removed", "added"])
        #expect(old.changedPaths(since: new) == ["changed", "removed", "added"])
    }

    @Test func `a file that becomes unreadable or readable, or fails in another way, has changed`() {
        let good = snapshot(["a": text("1")])
        let bad = snapshot(["a": .failed(.outsideMount)])
        #expect(bad.changedPaths(since: good) == ["a"])
        #expect(good.changedPaths(since: bad) == ["a"])
        #expect(bad.changedPaths(since: bad).isEmpty)
        #expect(bad.changedPaths(since: snapshot(["a": .failed(.notRegular)])) == ["a"])
    }

    @Test func `a file is found by the bytes of its name, and not by similar ones`() {
        let snapshot = snapshot(["\u{e9}": text("1")])
        #expect(snapshot.file(exactly: "\u{e9}") == text("1"))
        #expect(snapshot.file(exactly: "e\u{301}") == nil)
        #expect(snapshot.file(exactly: "other") == nil)
    }

    @Test(arguments: [
        (SourceError.tooLarge(size: 1_048_577), "is 1048577 bytes, more than the 1048576 that a Secret can hold"),
        (.unreadable(reason: "Permission denied"), "cannot be read: Permission denied"),
        (.outsideMount, "is a link that leads out of the mount"),
        (.notRegular, "is not a regular file"),
        (.ambiguousName, "has the same name as another file in a different Unicode form"),
    ])
    func `an error continues the sentence after the file's name`(error: SourceError, text: String) {
        #expect("\(error)" == text)
    }
}
