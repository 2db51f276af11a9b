import Kube
import Testing

@testable import KubeCurl

@Suite struct ResponseBudgetTests {
    private final class Answer: ReceivingBody {
        var size = 0
        var isGivenUp = false

        func giveUp() {
            size = 0
            isGivenUp = true
        }
    }

    @Test func `large responses together never exceed the budget, and at least one of them completes`() {
        let budget = ResponseBudget(limit: 8000)
        let answers = (0..<21).map { _ in Answer() }
        for _ in 0..<30 {
            for answer in answers where !answer.isGivenUp {
                answer.size += 100
                budget.grew(answer)
                #expect(answers.reduce(0) { $0 + $1.size } <= 8000)
            }
        }
        let whole = answers.filter { !$0.isGivenUp }
        #expect(whole.count == 2 && whole.allSatisfy { $0.size == 3000 })
    }

    @Test func `the largest response is cancelled, so that small ones complete beside it`() {
        let budget = ResponseBudget(limit: 8000)
        let (large, small) = (Answer(), Answer())
        large.size = 7900
        budget.grew(large)
        small.size = 200
        budget.grew(small)
        #expect(large.isGivenUp && !small.isGivenUp)
    }

    @Test func `a single response may be as large as its request allows, also after others have ended`() {
        let budget = ResponseBudget(limit: 8000)
        let (first, second) = (Answer(), Answer())
        for answer in [first, second] {
            answer.size = 4000
            budget.grew(answer)
        }
        budget.end(first)
        second.size = 80_000
        budget.grew(second)
        #expect(!second.isGivenUp)
    }

    @Test func `a read whose response was cancelled may be repeated; a write only when its outcome is known`() {
        let failure = TransportFailure.crowded(limit: 1)
        let key = ("web", "a")
        let read = KubeError(Request.get(.secrets, namespace: key.0, name: key.1).operation, .transport(failure))
        #expect(read.isRetryable && !read.isOutcomeUnknown)
        let write = Request.mergePatch(.secrets, namespace: key.0, name: key.1, [:])
        #expect(KubeError(write.operation, .transport(failure)).isOutcomeUnknown)
    }

    @Test func `the limit for a Secret has room for everything that a program can use of it, and no more`() {
        #expect(Request.get(.secrets, namespace: "web", name: "a").maximumBody == 3_407_872)
        #expect(Request.get(.events, namespace: "web", name: "a").maximumBody == 10 << 20)
    }
}
