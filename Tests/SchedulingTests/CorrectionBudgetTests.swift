import Testing

@testable import Scheduling

@Suite("A correction budget") struct CorrectionBudgetTests {
    private typealias Budget = CorrectionBudget<ContinuousClock.Instant>

    private let start = ContinuousClock.now

    /// The number of corrections within `time`, if another client reverts each correction after `pause`.
    private func corrections(within time: Duration, revertedAfter pause: Duration) -> Int {
        var budget = Budget()
        var (now, count) = (start, 0)
        while now < start.advanced(by: time) {
            budget.recordForeignChange(at: now)
            if let wait = budget.wait(at: now) { now = now.advanced(by: wait) }
            guard now < start.advanced(by: time) else { break }
            #expect(budget.wait(at: now) == nil)
            budget.correct(at: now)
            count += 1
            now = now.advanced(by: pause)
        }
        return count
    }

    @Test("limits corrections if each is reverted at once, however long that continues")
    func bounded() {
        #expect(corrections(within: .seconds(20), revertedAfter: .milliseconds(1)) <= 14)
        let hour = corrections(within: .seconds(3600), revertedAfter: .milliseconds(1))
        #expect((60...80).contains(hour))
    }

    @Test("permits one requested correction, and no more")
    func forgiven() {
        var budget = Budget()
        for _ in 0..<20 {
            budget.recordForeignChange(at: start)
            budget.correct(at: start)
        }
        budget.recordForeignChange(at: start)
        #expect(budget.wait(at: start) != nil)
        budget.allowOneWrite()
        #expect(budget.wait(at: start) == nil)
        budget.correct(at: start)
        budget.recordForeignChange(at: start)
        #expect(budget.wait(at: start) != nil)
    }

    @Test("permits occasional corrections")
    func nowAndThen() {
        #expect(corrections(within: .seconds(3600), revertedAfter: .seconds(60)) == 60)
        // More often than it refills, so it runs out.
        let often = corrections(within: .seconds(3600), revertedAfter: .seconds(15))
        #expect((40...80).contains(often))
    }

    @Test("does not refill while a correction waits: only a corrected object is quiet")
    func waitIsNoQuiet() {
        var budget = Budget()
        for _ in 0..<16 {
            budget.recordForeignChange(at: start)
            budget.correct(at: start)
        }
        budget.recordForeignChange(at: start)
        let wait = budget.wait(at: start)
        #expect(wait == .seconds(60))
        let late = start.advanced(by: .seconds(59))
        budget.recordForeignChange(at: late)
        #expect(budget.wait(at: late) == .seconds(1))
        #expect(budget.wait(at: start.advanced(by: .seconds(60))) == nil)
    }

    @Test("is contested until the object has stayed corrected for a while, and is then forgotten")
    func ends() {
        var budget = Budget()
        for _ in 0..<12 {
            budget.recordForeignChange(at: start)
            #expect(budget.remainingContention(at: start) == nil || budget.hasForeignChange)
            budget.correct(at: start)
        }
        let lasts = budget.remainingContention(at: start)
        #expect(lasts == .seconds(30))
        let later = start.advanced(by: .seconds(30))
        #expect(budget.remainingContention(at: later) == nil)
        #expect(!budget.isFull(at: later))
        #expect(budget.isFull(at: start.advanced(by: .seconds(720))))
    }

    @Test("counts quiet time once, whatever harmless changes happen in it")
    func once() {
        var budget = Budget()
        for _ in 0..<10 {
            budget.recordForeignChange(at: start)
            budget.correct(at: start)
        }
        let later = start.advanced(by: .seconds(310))
        budget.recordForeignChange(at: later)
        budget.recordInSync()
        #expect(!budget.isFull(at: later))
        for _ in 0..<5 {
            budget.recordForeignChange(at: later)
            #expect(budget.wait(at: later) == nil)
            budget.correct(at: later)
        }
        budget.recordForeignChange(at: later)
        #expect(budget.wait(at: later) != nil)
    }

    @Test("is not used by a change that turns out to be irrelevant")
    func harmless() {
        var budget = Budget()
        for _ in 0..<100 {
            budget.recordForeignChange(at: start)
            budget.recordInSync()
        }
        #expect(budget.wait(at: start) == nil)
        #expect(budget.isFull(at: start))
    }
}
