import Distribution
import Planning
import Testing

@testable import Reconciler

/// What is remembered of other writers' changes, without a controller.
@Suite struct DriftTrackerTests {
    private let target = ObjectKey(namespace: "web", name: "t")
    private let start = ContinuousClock.now

    /// A target that another writer has restored until the removals were limited.
    private func restored() -> DriftTracker {
        var drift = DriftTracker()
        for _ in 0..<12 {
            drift.recordForeignChange(target, by: "velero", at: start)
            _ = drift.recordWrite(target, desiredHash: DriftTracker.removal, hadForeignChange: true, at: start)
        }
        #expect(drift.restoration(of: target, at: start)?.manager == "velero")
        #expect(drift.contention(of: target, at: start)?.lasts == nil)
        #expect(drift.contestedCount(at: start) == 1)
        return drift
    }

    @Test(arguments: [false, true])
    func `a write of a target whose removal was contested is not contested`(isRestored: Bool) {
        var drift = restored()
        if isRestored { drift.recordForeignChange(target, by: "velero", at: start) }
        #expect(drift.wait(for: target, desiredHash: 1, at: start) == nil)
        let isCorrection = drift.recordWrite(target, desiredHash: 1, hadForeignChange: isRestored, at: start)
        #expect(!isCorrection)
        #expect(drift.contention(of: target, at: start)?.lasts == nil)
        #expect(drift.restoration(of: target, at: start)?.lasts == nil)
        #expect(drift.contestedCount(at: start) == 0)
    }

    @Test func `a rotation does not restore the corrections of a contested target`() {
        var drift = DriftTracker()
        for _ in 0..<12 {
            drift.recordForeignChange(target, by: "flux", at: start)
            _ = drift.recordWrite(target, desiredHash: 1, hadForeignChange: true, at: start)
        }
        _ = drift.recordWrite(target, desiredHash: 2, hadForeignChange: false, at: start)
        #expect(drift.contention(of: target, at: start)?.manager == "flux")
        drift.recordForeignChange(target, by: "flux", at: start)
        #expect(drift.wait(for: target, desiredHash: 2, at: start) != nil)
    }

    @Test func `a Secret that the server made immutable is remembered as long as it exists`() {
        var drift = DriftTracker()
        let stored = ObservedTarget(key: target, uid: "one", resourceVersion: "1", type: "Opaque", isImmutable: true)
        drift.alter(stored, desiredHash: 1, message: "made immutable", isMadeImmutable: true, at: start)
        #expect(drift.alteration(of: stored, desiredHash: 1, at: start)?.message == "made immutable")
        drift.allowOneWrite(target)
        // The write is tried again.
        #expect(drift.alteration(of: stored, desiredHash: 1, at: start)?.message == nil)
        #expect(drift.immutability(of: stored) == "made immutable")
        _ = drift.recordWrite(target, desiredHash: 2, hadForeignChange: false, at: start)
        drift.recordInSync(target, at: start)
        #expect(drift.immutability(of: stored) == "made immutable")
        var other = stored
        other.uid = "other"
        #expect(drift.immutability(of: other) == nil)
        drift.forgetUnclaimed(target)
        #expect(drift.immutability(of: stored) == nil)
    }
}
