import TestSupport
import Testing

@testable import Scheduling

@Suite struct WorkQueueTests {
    typealias Queue = WorkQueue<String, ManualInstant>

    private let start = ManualInstant(0)

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
}
