import TestSupport
import Testing

@testable import Scheduling

/// Retries, the waits before them, and what ends a wait.
@Suite struct WorkQueueRetryTests {
    private let start = ManualInstant(0)

    @Test(
        "A random number is made only for a key that waits for a retry",
        arguments: [
            (.done, 0), (.held, 0), (.again(after: .seconds(1)), 0), (.retry(), 1),
            (.retry(notBefore: .seconds(1)), 1),
        ] as [(WorkOutcome, Int)])
    func randomNumbers(outcome: WorkOutcome, numbers: Int) {
        var made = 0
        func number() -> Double {
            made += 1
            return 1
        }
        var queue = queue("a", "b")
        _ = taken(from: &queue, at: start)
        queue.finish("a", outcome, at: start, jitter: number())
        #expect(made == numbers)
        queue.add("b", at: start)
        queue.finish("b", outcome, at: start, jitter: number())
        #expect(made == numbers, "a key that was added again needs no backoff")
    }

    @Test("A key that failed and was added meanwhile is due at once, and its failure is counted")
    func failedAndAdded() {
        var queue = queue("a")
        #expect(queue.next(at: start) == "a")
        queue.add("a", at: start)
        queue.finish("a", .retry(), at: start, jitter: 1)
        #expect(queue.failures(of: "a") == 1)
        #expect(queue.deadline() == nil)
        #expect(queue.next(at: start) == "a")
    }

    @Test("A key that is added before the time that the server asked for waits until then, and no longer")
    func addedBeforeRetryAfter() {
        var queue = queue(limit: 9, "in flight", "waiting", "after more failures", "twice")
        #expect(taken(from: &queue, at: start).count == 4)
        queue.add("in flight", at: start)
        for _ in 0..<8 {
            queue.finish("after more failures", .retry(), at: start, jitter: 1)
            queue.add("after more failures", at: start)
            #expect(queue.next(at: start) == "after more failures")
        }
        for key in ["in flight", "waiting", "after more failures", "twice"] {
            queue.finish(key, .retry(notBefore: .seconds(1)), at: start, jitter: 1)
        }
        for key in ["waiting", "after more failures", "twice", "twice"] { queue.add(key, at: ManualInstant(500)) }
        #expect((queue.depth, queue.retrying) == (0, 4))
        #expect(queue.next(at: ManualInstant(999)) == nil)
        #expect(queue.deadline() == ManualInstant(1000))
        #expect(
            Set(taken(from: &queue, at: ManualInstant(1000)))
                == ["in flight", "waiting", "after more failures", "twice"])
        for key in ["in flight", "waiting", "after more failures", "twice"] {
            queue.finish(key, .done, at: ManualInstant(1000), jitter: 1)
        }
        #expect(queue.isDone && queue.deadline() == nil)
    }

    @Test("A key that waits longer than the server asked for is due at once when it is added")
    func addedAfterRetryAfter() {
        var queue = queue("a")
        for _ in 0..<8 {
            #expect(queue.next(at: start) == "a")
            queue.finish("a", .retry(), at: start, jitter: 1)
            queue.add("a", at: start)
        }
        #expect(queue.next(at: start) == "a")
        queue.finish("a", .retry(notBefore: .milliseconds(10)), at: start, jitter: 1)
        #expect(queue.next(at: ManualInstant(20)) == nil)
        queue.add("a", at: ManualInstant(20))
        #expect(queue.next(at: ManualInstant(20)) == "a")
    }

    @Test("The delay of retries doubles after each failure, and success resets it")
    func backoff() {
        var queue = queue("a")
        var now = start
        for (failures, wait) in [(1, 100), (2, 200), (3, 400), (4, 800)] {
            #expect(queue.next(at: now) == "a")
            queue.finish("a", .retry(), at: now, jitter: 1)
            #expect(queue.failures(of: "a") == failures)
            #expect(queue.retrying == 1)
            #expect(queue.next(at: now.advanced(by: .milliseconds(wait - 1))) == nil)
            now = now.advanced(by: .milliseconds(wait))
            #expect(queue.deadline() == now)
        }
        #expect(queue.next(at: now) == "a")
        #expect(queue.retrying == 0)
        queue.finish("a", .done, at: now, jitter: 1)
        #expect(queue.failures(of: "a") == 0)
        #expect(queue.deadline() == nil)
    }

    @Test("Jitter reduces a delay to no less than half")
    func jitter() {
        var queue = queue("a")
        #expect(queue.next(at: start) == "a")
        queue.finish("a", .retry(), at: start, jitter: 0)
        #expect(queue.deadline() == ManualInstant(50))
    }

    @Test(
        "A server's Retry-After counts if it is longer than the backoff",
        arguments: [(0, 100), (99, 100), (101, 101), (3_600_000, 3_600_000)])
    func notBefore(asked: Int, wait: Int) {
        var queue = queue("a")
        #expect(queue.next(at: start) == "a")
        queue.finish("a", .retry(notBefore: .milliseconds(asked)), at: start, jitter: 1)
        #expect(queue.deadline() == ManualInstant(wait))
    }

    @Test("Adding a key that waits for a retry makes it due at once and only once, and keeps its failures")
    func waitCutShort() {
        var queue = queue("a")
        #expect(queue.next(at: start) == "a")
        queue.finish("a", .retry(), at: start, jitter: 1)
        queue.add("a", at: start)
        #expect(queue.retrying == 0)
        #expect(queue.deadline() == nil)
        #expect(queue.next(at: start) == "a")
        #expect(queue.failures(of: "a") == 1)
        queue.finish("a", .done, at: start, jitter: 1)
        #expect(queue.next(at: ManualInstant(60_000)) == nil)
    }

    @Test("The alarm of a delay that was cut short does not end the next delay")
    func staleAlarm() {
        var queue = queue("a")
        #expect(queue.next(at: start) == "a")
        queue.finish("a", .retry(), at: start, jitter: 1)  // alarm at 100
        queue.add("a", at: start)
        #expect(queue.next(at: ManualInstant(50)) == "a")
        queue.finish("a", .retry(), at: ManualInstant(50), jitter: 1)  // alarm at 250
        #expect(queue.next(at: ManualInstant(100)) == nil)
        #expect(queue.deadline() == ManualInstant(250))
        #expect(queue.next(at: ManualInstant(250)) == "a")
    }

    @Test("Two alarms of one key for the same time make it due once")
    func sameAlarmTwice() {
        var queue = queue("a")
        for _ in 0..<2 {
            queue.add("a", at: start)
            #expect(queue.next(at: start) == "a")
            queue.finish("a", .again(after: .seconds(1)), at: start, jitter: 1)
        }
        #expect(queue.next(at: ManualInstant(1000)) == "a")
        queue.finish("a", .done, at: ManualInstant(1000), jitter: 1)
        #expect(queue.next(at: ManualInstant(1000)) == nil)
        #expect(queue.deadline() == nil)
    }

    @Test("The deadline is the earliest retry, and retries become due in the order of their times")
    func deadline() {
        var queue = queue(limit: 9, "a", "b", "c", "d")
        #expect(queue.deadline() == nil)
        #expect(taken(from: &queue, at: start).count == 4)
        for (key, wait) in [("a", 400), ("b", 200), ("c", 300), ("d", 250)] {
            queue.finish(key, .retry(notBefore: .milliseconds(wait)), at: start, jitter: 1)
        }
        #expect(queue.deadline() == ManualInstant(200))
        #expect(taken(from: &queue, at: ManualInstant(250)) == ["b", "d"])
        #expect(queue.deadline() == ManualInstant(300))
        #expect(taken(from: &queue, at: ManualInstant(1000)) == ["c", "a"])
    }

    @Test("A retry that becomes due is placed after the keys that were added before")
    func retryBehindOthers() {
        var queue = queue(limit: 1, "a")
        #expect(queue.next(at: start) == "a")
        queue.finish("a", .retry(), at: start, jitter: 1)
        queue.add("b", at: start)
        #expect(queue.next(at: ManualInstant(100)) == "b")
        #expect(queue.next(at: ManualInstant(100)) == nil)
        queue.finish("b", .done, at: ManualInstant(100), jitter: 1)
        #expect(queue.next(at: ManualInstant(100)) == "a")
    }

    @Test("A retry that becomes due while all workers are busy is not lost")
    func dueWhileBusy() {
        var queue = queue(limit: 1, "a")
        #expect(queue.next(at: start) == "a")
        queue.finish("a", .retry(), at: start, jitter: 1)
        queue.add("b", at: start)
        #expect(queue.next(at: start) == "b")
        #expect(queue.next(at: ManualInstant(5000)) == nil)
        #expect(queue.deadline() == nil)
        queue.finish("b", .done, at: ManualInstant(5000), jitter: 1)
        #expect(queue.next(at: ManualInstant(5000)) == "a")
    }
}
