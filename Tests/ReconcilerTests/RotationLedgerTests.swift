import Distribution
import Observability
import Testing

@testable import Reconciler

@Suite struct RotationLedgerTests {
    private let start = ContinuousClock.now
    private let one = ObjectKey(namespace: "web", name: "one")
    private let two = ObjectKey(namespace: "web", name: "two")

    private func at(_ seconds: Double) -> ContinuousClock.Instant { start + .seconds(seconds) }

    /// A rotation that is noticed at the start, one second after the files changed.
    private func begin(
        _ ledger: inout RotationLedger, _ targets: ObjectKey..., generation: String = "g", lag: Double = 1,
        at seconds: Double = 0
    ) -> [Rotation] {
        let rotation = Rotation(
            generation: generation, changedAt: Timestamp(seconds: 0), files: ["a"], targets: targets.count)
        return ledger.begin(
            rotation, targets: Set(targets), noticedAt: at(seconds), lag: .seconds(lag), now: at(seconds))
    }

    @Test func `a rotation ends with its last target, and its duration ends with the last write`() throws {
        var ledger = RotationLedger()
        #expect(begin(&ledger, one, two).isEmpty)
        let first = ledger.settle(one, .written, seeing: ledger.count, at: at(2))
        #expect(first.latency == .init(propagation: .seconds(3), processing: .seconds(2)))
        #expect(first.ended == nil && ledger.recent.first?.took == nil)
        let last = try #require(ledger.settle(two, .unchanged, seeing: ledger.count, at: at(5)).ended)
        #expect(last.written == 1 && last.unchanged == 1 && last.heldBack == 0)
        #expect(last.took == .seconds(3) && !last.isSuperseded)
    }

    @Test func `a rotation that feeds no target ends at once`() {
        var ledger = RotationLedger()
        #expect(begin(&ledger).map(\.targets) == [0])
        #expect(ledger.count == 1)
    }

    @Test func `the next rotation supersedes one in progress`() {
        var ledger = RotationLedger()
        _ = begin(&ledger, one, two, generation: "first")
        _ = ledger.settle(one, .written, seeing: ledger.count, at: at(1))
        let ended = begin(&ledger, two, generation: "second", at: 2)
        #expect(ended.map(\.generation) == ["first"] && ended.allSatisfy { $0.isSuperseded && $0.written == 1 })
        #expect(ledger.recent.map(\.generation) == ["second", "first"])
        #expect(ledger.settle(two, .written, seeing: ledger.count, at: at(3)).ended?.generation == "second")
    }

    @Test func `a target whose content is due since an earlier rotation keeps its time`() {
        var ledger = RotationLedger()
        _ = begin(&ledger, one, two)
        _ = begin(&ledger, two, at: 10)
        #expect(ledger.settle(one, .written, seeing: ledger.count, at: at(11)).latency?.processing == .seconds(11))
        #expect(ledger.settle(two, .written, seeing: ledger.count, at: at(11)).latency?.processing == .seconds(1))
    }

    @Test func `a target is not complete for a rotation that came after its comparison`() {
        var ledger = RotationLedger()
        _ = begin(&ledger, one, two)
        _ = begin(&ledger, one, at: 10)
        let early = ledger.settle(one, .written, seeing: 1, at: at(11))
        #expect(early.latency == nil && early.ended == nil)
        #expect(ledger.settle(two, .written, seeing: 1, at: at(11)).latency?.processing == .seconds(11))
        let last = ledger.settle(one, .written, seeing: 2, at: at(12))
        #expect(last.latency?.processing == .seconds(2) && last.ended?.written == 1)
    }

    @Test func `a target that is held back has no time, even if it is released later`() {
        var ledger = RotationLedger()
        _ = begin(&ledger, one)
        let held = ledger.settle(one, .heldBack, seeing: ledger.count, at: at(1))
        #expect(held.latency == nil && held.ended?.heldBack == 1)
        #expect(ledger.settle(one, .written, seeing: ledger.count, at: at(100)).latency == nil)
    }

    @Test func `a write without a rotation has no time`() {
        var ledger = RotationLedger()
        let result = ledger.settle(one, .written, seeing: ledger.count, at: at(1))
        #expect(result.latency == nil && result.ended == nil)
    }

    @Test func `a file system clock that is ahead causes no negative time`() {
        var ledger = RotationLedger()
        _ = begin(&ledger, one, lag: -5)
        #expect(ledger.settle(one, .written, seeing: ledger.count, at: at(1)).latency?.propagation == .seconds(1))
    }

    @Test func `the last ten rotations are kept`() {
        var ledger = RotationLedger()
        for number in 1...12 { _ = begin(&ledger, generation: "\(number)") }
        #expect(ledger.recent.map(\.generation) == (3...12).reversed().map(String.init))
        #expect(ledger.count == 12)
    }
}
