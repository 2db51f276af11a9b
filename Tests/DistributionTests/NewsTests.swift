import Testing

@testable import Distribution
@testable import Planning

@Suite("A distribution's status is worth an event") struct NewsTests {
    private let synced = DistributionStatus(reason: .synced, message: "Well.")
    private let missing = DistributionStatus(reason: .sourceNotFound, message: "No such file.")

    /// As the API server holds it after `status` was written.
    private func stored(_ status: DistributionStatus?, conditions: Bool = true) throws -> StoredStatus {
        guard let status else { return StoredStatus() }
        var stored = try #require(status.update(of: try Manifest.amended(), now: "t"))
        if !conditions { stored.conditions = [] }
        return stored
    }

    private func isNews(
        _ status: DistributionStatus, after said: DistributionStatus?, _ last: DistributionStatus? = nil,
        conditions: Bool = true
    ) throws -> Bool {
        status.isNews(after: try stored(said, conditions: conditions), last)
    }

    @Test("whenever content was written")
    func content() throws {
        let written = DistributionStatus(reason: .synced, message: "Well.", contentChanged: true)
        #expect(try isNews(written, after: nil))
        #expect(try isNews(written, after: written, written))
    }

    @Test("when it recovers, and not when it was well before or nothing was known of it")
    func recovery() throws {
        #expect(try isNews(synced, after: missing, missing))
        #expect(try isNews(synced, after: missing))
        #expect(try !isNews(synced, after: synced))
        #expect(try !isNews(synced, after: nil))
        // Said before, though it could not be stored.
        #expect(try !isNews(synced, after: missing, synced))
        // What another agent said is not ours to take back, nor what was never said.
        #expect(try !isNews(synced, after: synced, missing))
        let remark = DistributionStatus(reason: .synced, message: "Well. The certificate expires.")
        #expect(try !isNews(remark, after: synced, synced))
    }

    @Test("when it fails, or fails in another way, and not when that was said")
    func failure() throws {
        let other = DistributionStatus(reason: .sourceNotFound, message: "No such other file.")
        #expect(try isNews(missing, after: nil))
        #expect(try isNews(missing, after: synced, synced))
        #expect(try isNews(missing, after: other, other))
        #expect(try !isNews(missing, after: missing))
        // Said before, though it could not be stored, or was overwritten.
        #expect(try !isNews(missing, after: synced, missing))
    }

    @Test("where the definition drops conditions, by the text alone")
    func older() throws {
        #expect(try !isNews(missing, after: missing, conditions: false))
        #expect(try isNews(missing, after: synced, conditions: false))
        #expect(try isNews(synced, after: missing, missing, conditions: false))
        #expect(try !isNews(synced, after: synced, conditions: false))
    }

    @Test("not again because its message is longer than a status can be")
    func long() throws {
        let long = DistributionStatus(reason: .writeFailed, message: String(repeating: "x", count: 40_000))
        #expect(try !isNews(long, after: long))
    }
}
