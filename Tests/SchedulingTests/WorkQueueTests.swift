import TestSupport
import Testing

@testable import Scheduling

@Suite struct WorkQueueTests {
    typealias Queue = WorkQueue<String, ManualInstant>

    private let start = ManualInstant(0)

    private func queue(limit: Int = 2, _ keys: String...) -> Queue {
        // With full jitter: delays of 100, 200, 400 … ms.
        var queue = Queue(limit: limit, backoff: Backoff(initial: .milliseconds(100), longest: .seconds(10)))
        for key in keys { queue.add(key, at: ManualInstant(0)) }
        return queue
    }

    @Test("Keys are processed in the order in which they were added")
    func order() {
        var queue = queue(limit: 9, "c", "a", "b")
        #expect(queue.depth == 3)
        #expect(taken(from: &queue, at: start) == ["c", "a", "b"])
        #expect(queue.depth == 0)
        #expect(queue.inFlight == 3)
    }

    @Test("Keys that wait, failed or are in flight are kept when unused capacity is released")
    func room() throws {
        var queue = Queue(limit: 1000, backoff: Backoff(initial: .milliseconds(100), longest: .seconds(10)))
        for number in 0..<1000 { queue.add("\(number)", at: start) }
        for key in taken(from: &queue, at: start) where key != "0" {
            switch key {
            case "1": queue.finish(key, .retry(), at: start, jitter: 1)
            case "2": queue.finish(key, .again(after: .seconds(60)), at: start, jitter: 1)
            default: queue.finish(key, .done, at: start, jitter: 1)
            }
        }
        queue.releaseUnusedCapacity()
        #expect((queue.inFlight, queue.retrying, queue.failures(of: "1")) == (1, 2, 1))
        #expect(queue.oldest == start)
        let deadline = queue.deadline()
        #expect(try queue.next(at: #require(deadline)) == "1")
        #expect(queue.next(at: start.advanced(by: .seconds(60))) == "2")
    }

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

    @Test("The slots depend on the most keys at a time, not on the number of past keys and groups")
    func memory() {
        var queue = Queue(
            limit: 4, backoff: Backoff(initial: .milliseconds(1), longest: .milliseconds(1)), group: { $0 })
        for number in 0..<1000 {
            queue.add("\(number)", at: start)
            #expect(queue.next(at: start) == "\(number)")
            queue.finish("\(number)", .retry(), at: start, jitter: 1)
            #expect(queue.next(at: ManualInstant(1)) == "\(number)")
            queue.finish("\(number)", .done, at: start, jitter: 1)
        }
        #expect(queue.keys == [nil])
        #expect(queue.queue.groups.isEmpty)
        queue.releaseUnusedCapacity()
        #expect(queue.keys.isEmpty)
    }

    @Test("The oldest start is that of the key that is in progress for longest")
    func oldestStart() {
        var queue = queue(limit: 3, "a", "b")
        #expect(queue.oldestStart == nil)
        #expect(queue.next(at: ManualInstant(10)) == "a")
        #expect(queue.next(at: ManualInstant(20)) == "b")
        #expect(queue.oldestStart == ManualInstant(10))
        queue.add("a", at: ManualInstant(30))
        queue.finish("a", .done, at: ManualInstant(30), jitter: 1)
        #expect(queue.oldestStart == ManualInstant(20))
        #expect(queue.next(at: ManualInstant(40)) == "a")
        queue.finish("b", .held, at: ManualInstant(40), jitter: 1)
        #expect(queue.oldestStart == ManualInstant(40))
        #expect(queue.isInFlight("a") && !queue.isInFlight("b") && !queue.isInFlight("c"))
    }

    @Test("A key that is due is not due twice, and keeps its place")
    func deduplication() {
        var queue = queue(limit: 9, "a", "b", "a", "a")
        #expect(queue.depth == 2)
        #expect(taken(from: &queue, at: start) == ["a", "b"])
    }

    @Test("A key that is added while it is in flight waits until it is finished, and is then processed once more")
    func addedWhileActive() {
        var queue = queue("a")
        #expect(queue.next(at: start) == "a")
        queue.add("a", at: start)
        queue.add("a", at: start)
        #expect(queue.next(at: start) == nil)
        #expect(queue.depth == 0)
        queue.finish("a", .done, at: start, jitter: 1)
        #expect(queue.next(at: start) == "a")
        queue.finish("a", .done, at: start, jitter: 1)
        #expect(queue.next(at: start) == nil)
        #expect(queue.isIdle)
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

    @Test("The age of the oldest unfinished key counts from when it was added until it is done, including failures")
    func oldest() {
        let later = ManualInstant(60_000)
        var queue = queue()
        #expect(queue.oldest == nil)
        queue.add("a", at: start)
        queue.add("b", at: later)
        queue.add("a", at: later)
        #expect(queue.oldest == start)
        #expect(taken(from: &queue, at: later) == ["a", "b"])
        queue.finish("a", .retry(), at: later, jitter: 1)
        #expect(queue.oldest == start)
        queue.add("a", at: later)
        #expect(queue.next(at: later) == "a")
        queue.finish("a", .again(after: .seconds(60)), at: later, jitter: 1)
        #expect(queue.oldest == later)
        queue.add("b", at: later)
        queue.finish("b", .done, at: start.advanced(by: .seconds(90)), jitter: 1)
        #expect(queue.oldest == start.advanced(by: .seconds(90)))
    }

    @Test("A key that is due for a requeue counts from then on")
    func oldestOfSecondLooks() {
        let due = start.advanced(by: .seconds(60))
        var queue = queue("a")
        #expect(queue.next(at: start) == "a")
        queue.finish("a", .again(after: .seconds(60)), at: start, jitter: 1)
        #expect(queue.oldest == nil)
        #expect(queue.next(at: due) == "a")
        #expect(queue.oldest == due)
        queue.finish("a", .retry(), at: due, jitter: 1)
        #expect(queue.oldest == due)
    }

    @Test("Never more keys than the limit are in flight", arguments: 1...4)
    func limit(limit: Int) {
        var queue = queue(limit: limit, "a", "b", "c", "d", "e")
        let first = taken(from: &queue, at: start)
        #expect(first == Array(["a", "b", "c", "d", "e"].prefix(limit)))
        #expect(queue.inFlight == limit)
        queue.finish("a", .done, at: start, jitter: 1)
        #expect(taken(from: &queue, at: start).count == 1)
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

    @Test("Finishing a key that is not in flight has no effect")
    func strangeFinish() {
        var queue = queue("a")
        queue.finish("a", .retry(), at: start, jitter: 1)
        queue.finish("b", .retry(), at: start, jitter: 1)
        #expect(queue.failures(of: "a") == 0)
        #expect(queue.retrying == 0)
        #expect(queue.depth == 1)
    }

    @Test("A queue with only pending retries is idle, one with keys due or in flight is not")
    func idle() {
        var queue = queue("a")
        #expect(!queue.isIdle)
        #expect(queue.next(at: start) == "a")
        #expect(!queue.isIdle)
        queue.finish("a", .retry(), at: start, jitter: 1)
        #expect(queue.isIdle)
    }

    @Test("Low-priority keys let others pass, for a limited time")
    func patience() {
        var queue = Queue(limit: 9, starvationLimit: .milliseconds(60)) { $0.hasPrefix("later") }
        queue.add("later 1", at: start)
        queue.add("a", at: start)
        queue.add("later 2", at: ManualInstant(1))
        queue.add("b", at: ManualInstant(1))
        #expect(queue.depth == 4)
        #expect(taken(from: &queue, at: ManualInstant(59)) == ["a", "b", "later 1", "later 2"])

        queue = Queue(limit: 9, starvationLimit: .milliseconds(60)) { $0.hasPrefix("later") }
        queue.add("later 1", at: start)
        queue.add("later 2", at: ManualInstant(1))
        queue.add("a", at: start)
        #expect(taken(from: &queue, at: ManualInstant(60)) == ["later 1", "a", "later 2"])
    }

    @Test("Keys that have waited for long use at most half of the places while others are due")
    func halfOfThePlaces() {
        var queue = Queue(limit: 4, starvationLimit: .milliseconds(60)) { $0.hasPrefix("later") }
        for key in ["later 1", "later 2", "later 3", "a", "b", "c"] { queue.add(key, at: start) }
        #expect(taken(from: &queue, at: ManualInstant(60)) == ["later 1", "later 2", "a", "b"])
    }

    @Test("A held key uses no place, is not done, and keeps its failures until it is added")
    func held() {
        var queue = queue(limit: 1, "a")
        #expect(queue.next(at: start) == "a")
        queue.finish("a", .retry(), at: start, jitter: 1)
        queue.add("a", at: start)
        #expect(queue.next(at: start) == "a")
        queue.finish("a", .held, at: start, jitter: 1)
        #expect((queue.inFlight, queue.depth, queue.retrying) == (0, 0, 1))
        #expect((queue.oldest, queue.failures(of: "a")) == (start, 1))
        #expect(queue.next(at: start.advanced(by: .seconds(3600))) == nil)
        #expect(queue.deadline() == nil)
        queue.releaseUnusedCapacity()
        queue.add("a", at: start)
        #expect(queue.retrying == 0)
        #expect(queue.next(at: start) == "a")
        queue.add("a", at: start)
        queue.finish("a", .held, at: start, jitter: 1)
        #expect(queue.next(at: start) == "a", "it was added while in flight")
    }

    @Test("It lists the keys that are due or in flight")
    func unfinished() {
        var queue = queue(limit: 4, "a", "b", "c", "d")
        #expect(taken(from: &queue, at: start).count == 4)
        queue.finish("a", .retry(), at: start, jitter: 1)
        queue.finish("b", .held, at: start, jitter: 1)
        queue.finish("c", .done, at: start, jitter: 1)
        queue.add("e", at: start)
        #expect(Set(queue.unfinished) == ["d", "e"])
    }

    @Test("When no other keys are started, low-priority ones still are, within the limit")
    func closing() {
        var queue = Queue(limit: 1) { $0.hasPrefix("later") }
        for key in ["a", "later 1", "later 2"] { queue.add(key, at: start) }
        #expect(queue.nextLowPriority(at: start) == "later 1")
        #expect(queue.nextLowPriority(at: start) == nil)
        queue.finish("later 1", .done, at: start, jitter: 1)
        #expect(queue.nextLowPriority(at: start) == "later 2")
        queue.finish("later 2", .done, at: start, jitter: 1)
        #expect(queue.nextLowPriority(at: start) == nil)
        #expect(queue.depth == 1)
    }

    private func taken(from queue: inout Queue, at now: ManualInstant) -> [String] {
        var keys: [String] = []
        while let key = queue.next(at: now) { keys.append(key) }
        return keys
    }
}

/// Pseudo-random numbers, the same in each run.
struct Xorshift {
    var state: UInt64

    mutating func below(_ limit: Int) -> Int {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return Int(state % UInt64(limit))
    }
}
