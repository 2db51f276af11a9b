import DistributionSupport
import Testing

@testable import Distribution
@testable import Planning

@Suite struct DistributionStatusTests {
    private static let current = DefinitionTraits.current
    private static let noSubresource = DefinitionTraits(hasStatusSubresource: false, keepsConditions: true)
    private static let older = DefinitionTraits(hasStatusSubresource: false, keepsConditions: false)

    private let synced = DistributionStatus(reason: .synced, message: "All well.", mountGeneration: "..1")

    /// The distribution with the status that the API server stores for `status`.
    private func distribution(_ status: StoredStatus = StoredStatus(), generation: Int = 3) throws
        -> SecretsDistribution
    {
        var distribution = try Manifest.amended()
        distribution.status = status
        distribution.generation = generation
        return distribution
    }

    private func stored(_ change: (inout StoredStatus) -> Void = { _ in }) throws -> StoredStatus {
        var status = try #require(
            DistributionStatus(reason: .synced, message: "All well.", mountGeneration: "..1", contentChanged: true)
                .update(of: try distribution(), now: "t0"))
        change(&status)
        return status
    }

    private let other = Condition(
        type: "Audited", status: "True", reason: "Seen", message: "m", lastTransitionTime: "t-1", observedGeneration: 2)

    @Test("The first status is complete")
    func first() throws {
        let status = try stored()
        #expect(status.statusText == "All well.")
        #expect(status.lastUpdated == "t0")
        #expect(status.mountGeneration == "..1")
        #expect(status.observedGeneration == 3)
        #expect(
            status.conditions == [
                Condition(
                    type: "Ready", status: "True", reason: "Synced", message: "All well.", lastTransitionTime: "t0",
                    observedGeneration: 3)
            ])
    }

    @Test("Only Synced is ready", arguments: Reason.allCases)
    func ready(reason: Reason) throws {
        let status = DistributionStatus(Refusal(reason, "m")).update(of: try distribution(), now: "t0")
        #expect(status?.ready?.status == (reason == .synced ? "True" : "False"))
        #expect(status?.ready?.reason == reason.rawValue)
        #expect(status?.lastUpdated == nil)
    }

    @Test("Stalled is True while only an edit can help, and absent otherwise", arguments: Reason.allCases)
    func stalled(reason: Reason) throws {
        let status = try #require(DistributionStatus(Refusal(reason, "m")).update(of: try distribution(), now: "t0"))
        let needsEdit: [Reason] = [.invalidSpec, .typeRefused, .notManaged, .targetConflict, .policyDenied]
        guard needsEdit.contains(reason) else {
            #expect(status.stalled == nil)
            return
        }
        #expect(
            status.stalled
                == Condition(
                    type: "Stalled", status: "True", reason: reason.rawValue, message: "m", lastTransitionTime: "t0",
                    observedGeneration: 3))
        #expect(DistributionStatus(Refusal(reason, "m")).update(of: try distribution(status), now: "t1") == nil)
        let other = try #require(
            DistributionStatus(Refusal(.invalidSpec, "n")).update(of: try distribution(status), now: "t1"))
        #expect(other.stalled?.lastTransitionTime == "t0" && other.stalled?.message == "n")
        #expect(try #require(synced.update(of: try distribution(other), now: "t2")).conditions.map(\.type) == ["Ready"])
    }

    @Test("A cluster distribution is stalled if only an edit can help one of its targets")
    func stalledTargets() throws {
        var status = DistributionStatus(reason: .writeFailed, message: "m")
        status.stalledTargets = .notManaged
        let next = try #require(status.update(of: try distribution(), now: "t0"))
        #expect(next.ready?.reason == "WriteFailed" && next.stalled?.reason == "NotManaged")
    }

    @Test("A status without news is not written", arguments: [current, noSubresource, older])
    func same(definition: DefinitionTraits) throws {
        #expect(synced.update(of: try distribution(stored()), on: definition, now: "t1") == nil)
    }

    @Test("The transition time is kept while the status of the condition is the same, even if reason and text change")
    func transitionKept() throws {
        let failing = try #require(
            DistributionStatus(Refusal(.sourceNotFound, "a")).update(of: try distribution(stored()), now: "t1"))
        #expect(failing.ready?.lastTransitionTime == "t1")
        let otherwise = try #require(
            DistributionStatus(Refusal(.targetTooLarge, "b")).update(of: try distribution(failing), now: "t2"))
        #expect(otherwise.ready?.reason == "TargetTooLarge" && otherwise.ready?.message == "b")
        #expect(otherwise.ready?.lastTransitionTime == "t1")
        let well = try #require(synced.update(of: try distribution(otherwise), now: "t3"))
        #expect(well.ready?.lastTransitionTime == "t3")
    }

    @Test("A failure keeps the data about the target's content")
    func failureKeepsContent() throws {
        let failing = DistributionStatus(Refusal(.sourceNotFound, "a")).update(
            of: try distribution(stored()), now: "t1")
        #expect(failing?.mountGeneration == "..1")
        #expect(failing?.lastUpdated == "t0")
    }

    @Test("The time of the last update changes only with new content")
    func lastUpdated() throws {
        var status = synced
        status.message = "Other words."
        #expect(status.update(of: try distribution(stored()), now: "t1")?.lastUpdated == "t0")
        status.contentChanged = true
        #expect(status.update(of: try distribution(stored()), now: "t1")?.lastUpdated == "t1")
    }

    @Test("New content of the same generation is written too")
    func sameGeneration() throws {
        var status = synced
        status.contentChanged = true
        #expect(status.update(of: try distribution(stored()), now: "t1")?.lastUpdated == "t1")
    }

    @Test("After a crash between the writes of target and status, the next pass writes the status")
    func missedUpdate() throws {
        let status = DistributionStatus(reason: .synced, message: "All well.", mountGeneration: "..2")
        let next = status.update(of: try distribution(stored()), now: "t1")
        #expect(next?.mountGeneration == "..2")
        #expect(next?.lastUpdated == "t1")
        #expect(next?.ready?.lastTransitionTime == "t0")
    }

    @Test("A new generation of the spec is observed where status is a subresource, and ignored where it is not")
    func observedGeneration() throws {
        let distribution = try distribution(stored(), generation: 4)
        let next = synced.update(of: distribution, on: Self.current, now: "t1")
        #expect(next?.observedGeneration == 4)
        #expect(next?.ready?.observedGeneration == 4)
        #expect(next?.lastUpdated == "t0")
        #expect(next?.ready?.lastTransitionTime == "t0")
        #expect(synced.update(of: distribution, on: Self.noSubresource, now: "t1") == nil)
    }

    @Test("Without a generation, as in local mode, none is observed")
    func noGeneration() throws {
        let next = synced.update(of: try distribution(generation: 0), now: "t0")
        #expect(next?.observedGeneration == nil && next?.ready?.observedGeneration == nil)
        #expect(synced.update(of: try distribution(try #require(next), generation: 0), now: "t1") == nil)
    }

    @Test("A definition that keeps only text and time causes one write, then none")
    func olderDefinition() throws {
        var written = DistributionStatus(
            reason: .synced, message: "All well.", mountGeneration: "..1", contentChanged: true)
        var kept = StoredStatus()
        kept.statusText = written.message
        kept.lastUpdated = try #require(written.update(of: try distribution(), on: Self.older, now: "t0")).lastUpdated
        written.contentChanged = false
        // Each write increases the generation and comes back as a watch event.
        let again = try distribution(kept, generation: 4)
        #expect(written.update(of: again, on: Self.older, now: "t1") == nil)
        written.message = "Other words."
        let next = try #require(written.update(of: again, on: Self.older, now: "t2"))
        #expect(next.statusText == "Other words." && next.lastUpdated == "t0")
    }

    @Test("With the older definition, a restart does not make the content look new")
    func olderDefinitionRestart() throws {
        var kept = StoredStatus()
        kept.statusText = "All well."
        kept.lastUpdated = "t0"
        // The fields that the definition keeps are not known yet.
        #expect(synced.update(of: try distribution(kept), on: Self.current, now: "t1")?.lastUpdated == "t0")
    }

    @Test("Conditions of others are kept in their places", arguments: [true, false])
    func othersConditions(first: Bool) throws {
        let status = try stored { $0.conditions.insert(other, at: first ? 0 : 1) }
        #expect(synced.update(of: try distribution(status), now: "t1") == nil)
        let failing = DistributionStatus(Refusal(.writeFailed, "a")).update(of: try distribution(status), now: "t1")
        #expect(failing?.conditions.map(\.type) == (first ? ["Audited", "Ready"] : ["Ready", "Audited"]))
        #expect(failing?.conditions.contains(other) == true)
        #expect(failing?.ready?.reason == "WriteFailed")
    }

    @Test("Of several Ready conditions one is kept")
    func severalReady() throws {
        let status = try stored { $0.conditions += [other] + $0.conditions }
        let next = synced.update(of: try distribution(status), now: "t1")
        #expect(next?.conditions.map(\.type) == ["Ready", "Audited"])
    }

    @Test("A long message is truncated, and marked as truncated")
    func longMessage() throws {
        let refusal = Refusal(.invalidSpec, String(repeating: "é", count: 40_000))
        var status = DistributionStatus(refusal)
        let next = try #require(status.update(of: try distribution(), now: "t0"))
        #expect(next.ready?.message.unicodeScalars.count == 4001)
        #expect(next.ready?.message.hasSuffix("é…") == true)
        #expect(next.statusText == next.ready?.message)
        #expect(status.update(of: try distribution(next), now: "t1") == nil)
        status.message += String(repeating: "x", count: 5000)
        #expect(status.message == refusal.message)
    }
}
