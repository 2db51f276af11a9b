import DistributionSupport
import Testing

@testable import Distribution
@testable import Planning

@Suite("A distribution's status is worth an event") struct NewsTests {
    private let synced = DistributionStatus(reason: .synced, message: "Well.")
    private let missing = DistributionStatus(reason: .sourceNotFound, message: "No such file.")

    /// The stored status after `status` was written.
    private func stored(_ status: DistributionStatus?, conditions: Bool = true) throws -> StoredStatus {
        guard let status else { return StoredStatus() }
        var stored = try #require(status.update(of: try Manifest.amended(), now: "t"))
        if !conditions { stored.conditions = [] }
        return stored
    }

    private func isNew(
        _ status: DistributionStatus, after said: DistributionStatus?, _ last: DistributionStatus? = nil,
        conditions: Bool = true
    ) throws -> Bool {
        status.isNew(after: try stored(said, conditions: conditions), last)
    }

    @Test("when content was written, unless a rotation replaced that of a target in sync")
    func content() throws {
        func written(isRotation: Bool, detail: String? = nil, targets: TargetCounts? = nil) -> DistributionStatus {
            var status = DistributionStatus(
                reason: .synced, message: "Well.", mountGeneration: "..1", contentChanged: true)
            status.isRotation = isRotation
            status.eventDetail = detail
            status.targets = targets
            return status
        }
        let (rotated, other) = (written(isRotation: true), written(isRotation: false))
        #expect(try isNew(other, after: nil) && isNew(other, after: synced, synced))
        #expect(try !isNew(rotated, after: synced, synced))
        // The first content, or that after a failure.
        #expect(try isNew(rotated, after: nil) && isNew(rotated, after: missing, missing))
        // The older definition drops the conditions.
        #expect(try !isNew(rotated, after: synced, synced, conditions: false))
        #expect(try isNew(rotated, after: missing, missing, conditions: false))
        #expect(try isNew(written(isRotation: true, detail: "A key was generated."), after: synced, synced))
        let counts = TargetCounts(all: 1, inSync: 1)
        #expect(try isNew(written(isRotation: true, targets: counts), after: synced))
    }

    @Test("when it recovers, and not when it was ready before or its state was unknown")
    func recovery() throws {
        #expect(try isNew(synced, after: missing, missing))
        #expect(try isNew(synced, after: missing))
        #expect(try !isNew(synced, after: synced))
        #expect(try !isNew(synced, after: nil))
        // Reported before, although it could not be stored.
        #expect(try !isNew(synced, after: missing, synced))
        // A report of another agent is not ours to withdraw, nor is one that was never made.
        #expect(try !isNew(synced, after: synced, missing))
        let remark = DistributionStatus(reason: .synced, message: "Well. The certificate expires.")
        #expect(try !isNew(remark, after: synced, synced))
    }

    @Test("when it fails, or fails in another way, and not when that was reported")
    func failure() throws {
        let other = DistributionStatus(reason: .sourceNotFound, message: "No such other file.")
        #expect(try isNew(missing, after: nil))
        #expect(try isNew(missing, after: synced, synced))
        #expect(try isNew(missing, after: other, other))
        #expect(try !isNew(missing, after: missing))
        // Reported before, although it could not be stored, or was overwritten.
        #expect(try !isNew(missing, after: synced, missing))
    }

    @Test("by its text alone if the definition drops conditions")
    func older() throws {
        #expect(try !isNew(missing, after: missing, conditions: false))
        #expect(try isNew(missing, after: synced, conditions: false))
        #expect(try isNew(synced, after: missing, missing, conditions: false))
        #expect(try !isNew(synced, after: synced, conditions: false))
    }

    @Test("not repeatedly because its message exceeds the maximum length")
    func long() throws {
        let long = DistributionStatus(reason: .writeFailed, message: String(repeating: "x", count: 40_000))
        #expect(try !isNew(long, after: long))
    }
}
