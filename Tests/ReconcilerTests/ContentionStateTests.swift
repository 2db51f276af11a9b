import Distribution
import Planning
import Testing

@testable import Reconciler

/// What is remembered of other writers' changes, without a controller.
@Suite struct ContentionStateTests {
    private let target = ObjectKey(namespace: "web", name: "t")
    private let start = ContinuousClock.now

    /// A target that another writer has restored until the removals were limited.
    private func restored() -> Contention {
        var contention = Contention()
        for _ in 0..<12 {
            contention.recordForeignChange(target, by: "velero", at: start)
            _ = contention.wrote(target, wish: Contention.removal, hadForeignChange: true, at: start)
        }
        #expect(contention.restoration(of: target, at: start)?.manager == "velero")
        #expect(contention.contest(of: target, at: start)?.lasts == nil)
        #expect(contention.contested(at: start) == 1)
        return contention
    }

    @Test(arguments: [false, true])
    func `a write of a target whose removal was contested is not contested`(isRestored: Bool) {
        var contention = restored()
        if isRestored { contention.recordForeignChange(target, by: "velero", at: start) }
        #expect(contention.wait(for: target, wish: 1, at: start) == nil)
        let isCorrection = contention.wrote(target, wish: 1, hadForeignChange: isRestored, at: start)
        #expect(!isCorrection)
        #expect(contention.contest(of: target, at: start)?.lasts == nil)
        #expect(contention.restoration(of: target, at: start)?.lasts == nil)
        #expect(contention.contested(at: start) == 0)
    }

    @Test func `a rotation does not restore the corrections of a contested target`() {
        var contention = Contention()
        for _ in 0..<12 {
            contention.recordForeignChange(target, by: "flux", at: start)
            _ = contention.wrote(target, wish: 1, hadForeignChange: true, at: start)
        }
        _ = contention.wrote(target, wish: 2, hadForeignChange: false, at: start)
        #expect(contention.contest(of: target, at: start)?.manager == "flux")
        contention.recordForeignChange(target, by: "flux", at: start)
        #expect(contention.wait(for: target, wish: 2, at: start) != nil)
    }

    @Test func `a Secret that the server made immutable is remembered as long as it exists`() {
        var contention = Contention()
        let stored = ObservedTarget(key: target, uid: "one", resourceVersion: "1", type: "Opaque", isImmutable: true)
        contention.alter(stored, wish: 1, message: "made immutable", isMadeImmutable: true, at: start)
        #expect(contention.alteration(of: stored, wish: 1, at: start)?.message == "made immutable")
        contention.allowOneWrite(target)
        // The write is tried again.
        #expect(contention.alteration(of: stored, wish: 1, at: start)?.message == nil)
        #expect(contention.immutability(of: stored) == "made immutable")
        _ = contention.wrote(target, wish: 2, hadForeignChange: false, at: start)
        contention.settle(target, at: start)
        #expect(contention.immutability(of: stored) == "made immutable")
        var other = stored
        other.uid = "other"
        #expect(contention.immutability(of: other) == nil)
        contention.leave(target)
        #expect(contention.immutability(of: stored) == nil)
    }
}
