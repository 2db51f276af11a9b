import Observability
import TestSupport
import Testing

@Suite struct LogBudgetTests {
    private typealias Budget = LogBudget<ManualInstant>

    @Test func `a resource has a burst of lines, then one at a time, with the number of suppressed ones`() {
        var budget = Budget()
        let at = { (seconds: Int) in ManualInstant(seconds * 1000) }
        #expect((0..<30).allSatisfy { _ in budget.admit("web/app", at: at(0)) == 0 })
        #expect((0..<100).allSatisfy { _ in budget.admit("web/app", at: at(1)) == nil })
        #expect(budget.admit("web/app", at: at(10)) == 100)
        #expect(budget.admit("web/app", at: at(11)) == nil)
        // Another resource has its own budget.
        #expect(budget.admit("web/other", at: at(11)) == 0)
        #expect(budget.admit("web/app", at: at(1000)) == 1)
        #expect((0..<29).allSatisfy { _ in budget.admit("web/app", at: at(1000)) == 0 })
        #expect(budget.admit("web/app", at: at(1000)) == nil)
    }

    @Test func `twenty changes a second cause six lines a minute`() {
        var budget = Budget()
        let written = (0..<20 * 600).count { budget.admit("web/app", at: ManualInstant($0 * 50)) != nil }
        #expect(written == 30 + 59)
    }

    @Test func `lines that were suppressed for a silent resource are reported when there is room, once`() {
        var budget = Budget()
        for _ in 0..<35 { _ = budget.admit("web/app", at: ManualInstant(0)) }
        #expect(budget.drainSuppressed(at: ManualInstant(9_000)).isEmpty)
        let silent = budget.drainSuppressed(at: ManualInstant(10_000))
        #expect(silent.map(\.resource) == ["web/app"] && silent.map(\.lines) == [5])
        #expect(budget.drainSuppressed(at: ManualInstant(20_000)).isEmpty)
    }

    @Test func `an outage of 10,000 Secrets in one namespace loses no line`() {
        var budget = Budget()
        let lines = (0..<4).flatMap { round in
            (0..<10_000).map { budget.admit("web/app-\($0)", at: ManualInstant(round * 60_000)) }
        }
        #expect(lines.allSatisfy { $0 == 0 })
    }

    @Test func `resources that are created and deleted in a loop share the budget of their namespace`() {
        var budget = Budget(namespace: .init(burst: 100, refill: .seconds(1)))
        let written = (0..<1000).count { budget.admit("web/\($0)", at: ManualInstant($0 * 10)) != nil }
        #expect(written == 109)
        #expect(budget.admit("lab/app", at: ManualInstant(10_000)) == 0)
    }

    @Test func `resources that are created and deleted in a loop get no more lines through their suppressed ones`() {
        var budget = Budget(namespace: .init(burst: 100, refill: .seconds(1)))
        var (written, counted) = (0, 0)
        for second in 0..<600 {
            for number in 0..<50 {
                guard let leftOut = budget.admit("web/\(second)-\(number)", at: ManualInstant(second * 1000)) else {
                    continue
                }
                written += leftOut > 0 ? 2 : 1
                counted += 1 + leftOut
            }
            guard second % 30 == 29 else { continue }
            let told = budget.drainSuppressed(at: ManualInstant(second * 1000))
            written += told.count
            counted += told.reduce(0) { $0 + $1.lines }
        }
        #expect(written <= 100 + 600)
        #expect(counted == 600 * 50)
    }

    @Test func `if the namespace has no room, one line reports the sum of its resources' suppressed lines`() {
        var budget = Budget(
            resource: .init(burst: 1, refill: .seconds(10)), namespace: .init(burst: 20, refill: .seconds(100)))
        for number in 0..<20 {
            for _ in 0..<3 { _ = budget.admit("web/\(number)", at: ManualInstant(0)) }
        }
        #expect(budget.admit("web/new", at: ManualInstant(0)) == nil)
        let told = budget.drainSuppressed(at: ManualInstant(10_000))
        #expect(told.map(\.resource) == ["web"] && told.map(\.lines) == [41])
        #expect(budget.drainSuppressed(at: ManualInstant(20_000)).isEmpty)
    }

    @Test func `a namespace with many resources evicts only its own`() {
        var budget = Budget(resource: .init(burst: 1, refill: .seconds(10)), capacity: 100)
        for _ in 0..<3 { _ = budget.admit("lab/app", at: ManualInstant(0)) }
        for number in 0..<1000 { _ = budget.admit("web/\(number)", at: ManualInstant(0)) }
        #expect(budget.admit("lab/app", at: ManualInstant(0)) == nil)
        #expect(budget.admit("lab/app", at: ManualInstant(10_000)) == 3)
    }

    @Test func `silent resources are forgotten, and the capacity is never exceeded`() {
        var budget = Budget(capacity: 100)
        for number in 0..<10_000 {
            _ = budget.admit("web/\(number)", at: ManualInstant(number))
            #expect(budget.count <= 101)
        }
        _ = budget.drainSuppressed(at: ManualInstant(1_000_000))
        #expect(budget.count == 0)
    }

    @Test func `a clock that goes back adds no budget and causes no error`() {
        var budget = Budget()
        for _ in 0..<40 { _ = budget.admit("a", at: ManualInstant(10_000)) }
        #expect(budget.admit("a", at: ManualInstant(0)) == nil)
        #expect(budget.admit("a", at: ManualInstant(20_000)) != nil)
    }
}
