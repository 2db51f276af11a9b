import Distribution
import Observability
import Testing

@testable import Reconciler

@Suite struct RotationTrackerTests {
    private let start = ContinuousClock.now
    private let one = ObjectKey(namespace: "web", name: "one")
    private let two = ObjectKey(namespace: "web", name: "two")

    private func at(_ seconds: Double) -> ContinuousClock.Instant { start + .seconds(seconds) }

    /// A rotation that is noticed at the start, one second after the files changed.
    private func begin(
        _ rotations: inout RotationTracker, _ targets: ObjectKey..., generation: String = "g", lag: Double = 1,
        at seconds: Double = 0
    ) -> [Rotation] {
        let rotation = Rotation(
            generation: generation, changedAt: Timestamp(seconds: 0), files: ["a"], targets: targets.count)
        return rotations.begin(
            rotation, targets: Set(targets), noticedAt: at(seconds), lag: .seconds(lag), now: at(seconds))
    }

    @Test func `a rotation ends with its last target, and its duration ends with the last write`() throws {
        var rotations = RotationTracker()
        #expect(begin(&rotations, one, two).isEmpty)
        let first = rotations.record(one, .written, seeing: rotations.count, at: at(2))
        #expect(first.latency == .init(propagation: .seconds(3), processing: .seconds(2)))
        #expect(first.ended == nil && rotations.recent.first?.took == nil)
        let last = try #require(rotations.record(two, .unchanged, seeing: rotations.count, at: at(5)).ended)
        #expect(last.written == 1 && last.unchanged == 1 && last.heldBack == 0)
        #expect(last.secrets == [one])
        #expect(last.took == .seconds(3) && !last.isSuperseded)
    }

    @Test func `a rotation that feeds no target ends at once`() {
        var rotations = RotationTracker()
        #expect(begin(&rotations).map(\.targets) == [0])
        #expect(rotations.count == 1)
    }

    @Test func `the next rotation supersedes one in progress`() {
        var rotations = RotationTracker()
        _ = begin(&rotations, one, two, generation: "first")
        _ = rotations.record(one, .written, seeing: rotations.count, at: at(1))
        let ended = begin(&rotations, two, generation: "second", at: 2)
        #expect(ended.map(\.generation) == ["first"] && ended.allSatisfy { $0.isSuperseded && $0.written == 1 })
        #expect(rotations.recent.map(\.generation) == ["second", "first"])
        #expect(rotations.record(two, .written, seeing: rotations.count, at: at(3)).ended?.generation == "second")
    }

    @Test func `a target whose content is due since an earlier rotation keeps its time`() {
        var rotations = RotationTracker()
        _ = begin(&rotations, one, two)
        _ = begin(&rotations, two, at: 10)
        #expect(
            rotations.record(one, .written, seeing: rotations.count, at: at(11)).latency?.processing == .seconds(11))
        #expect(rotations.record(two, .written, seeing: rotations.count, at: at(11)).latency?.processing == .seconds(1))
    }

    @Test func `a target is not complete for a rotation that came after its comparison`() {
        var rotations = RotationTracker()
        _ = begin(&rotations, one, two)
        _ = begin(&rotations, one, at: 10)
        let early = rotations.record(one, .written, seeing: 1, at: at(11))
        #expect(early.latency == nil && early.ended == nil)
        #expect(rotations.record(two, .written, seeing: 1, at: at(11)).latency?.processing == .seconds(11))
        let last = rotations.record(one, .written, seeing: 2, at: at(12))
        #expect(last.latency?.processing == .seconds(2) && last.ended?.written == 1)
    }

    @Test func `a target that is held back has no time, even if it is released later`() {
        var rotations = RotationTracker()
        _ = begin(&rotations, one)
        let held = rotations.record(one, .heldBack, seeing: rotations.count, at: at(1))
        #expect(held.latency == nil && held.ended?.heldBack == 1)
        #expect(rotations.record(one, .written, seeing: rotations.count, at: at(100)).latency == nil)
    }

    @Test func `a write without a rotation has no time`() {
        var rotations = RotationTracker()
        let result = rotations.record(one, .written, seeing: rotations.count, at: at(1))
        #expect(result.latency == nil && result.ended == nil)
    }

    @Test func `a file system clock that is ahead causes no negative time`() {
        var rotations = RotationTracker()
        _ = begin(&rotations, one, lag: -5)
        #expect(rotations.record(one, .written, seeing: rotations.count, at: at(1)).latency?.propagation == .seconds(1))
    }

    @Test func `the last ten rotations are kept`() {
        var rotations = RotationTracker()
        for number in 1...12 { _ = begin(&rotations, generation: "\(number)") }
        #expect(rotations.recent.map(\.generation) == (3...12).reversed().map(String.init))
        #expect(rotations.count == 12)
    }
}
