import TestSupport
import Testing

@testable import Scheduling

/// Keys are `group/number`; those of statuses end with `s`.
@Suite("The work queue is fair") struct FairnessTests {
    typealias Queue = WorkQueue<String, ManualInstant>

    private let start = ManualInstant(0)

    private func queue(limit: Int, starvationLimit: Duration = .zero) -> Queue {
        Queue(
            limit: limit, backoff: Backoff(initial: .milliseconds(100), longest: .seconds(10)),
            starvationLimit: starvationLimit,
            isLowPriority: { $0.hasSuffix("s") }, group: { String($0.prefix { $0 != "/" }) })
    }

    private func add(_ count: Int, of group: String, _ suffix: String = "", to queue: inout Queue) {
        for number in 0..<count { queue.add("\(group)/\(number)\(suffix)", at: start) }
    }

    private func take(_ queue: inout Queue, at now: ManualInstant? = nil) -> [String] {
        var keys: [String] = []
        while let key = queue.next(at: now ?? start) { keys.append(key) }
        return keys
    }

    @Test("Groups take turns, each in its own order, however many keys were added before")
    func turns() {
        var queue = queue(limit: 1)
        add(1000, of: "a", to: &queue)
        add(2, of: "b", to: &queue)
        add(1, of: "c", to: &queue)
        var order: [String] = []
        while order.count < 6, let key = queue.next(at: start) {
            order.append(key)
            queue.finish(key, .done, at: start, jitter: 1)
        }
        #expect(order == ["a/0", "b/0", "c/0", "a/1", "b/1", "a/2"])
    }

    @Test("Keys that never finish leave places to keys of other groups", arguments: [1, 2, 3, 8, 32, 100])
    func hanging(limit: Int) {
        var queue = queue(limit: limit)
        add(1000, of: "hangs", to: &queue)
        add(1000, of: "hangs", "s", to: &queue)
        let hanging = take(&queue).count
        #expect(hanging == max(1, limit * 2 / 3))
        guard limit > 1 else { return }
        for number in 0..<100 {
            queue.add("good/\(number)", at: start)
            #expect(queue.next(at: start) == "good/\(number)")
            queue.finish("good/\(number)", .done, at: start, jitter: 1)
        }
        #expect(queue.inFlight == hanging)
    }

    @Test("Several groups whose keys never finish leave some places too")
    func severalHanging() {
        var queue = queue(limit: 32)
        for group in ["one", "two", "three"] { add(1000, of: group, to: &queue) }
        let hanging = take(&queue)
        #expect(hanging.count < 32)
        let counts = ["one", "two", "three"].map { group in hanging.count { $0.hasPrefix("\(group)/") } }
        #expect(counts.allSatisfy { $0 >= 8 }, "\(counts)")
        queue.add("good/0", at: start)
        #expect(queue.next(at: start) == "good/0")
    }

    @Test("The last places are for groups with nothing in flight", arguments: [2, 3, 4, 5, 8, 32, 100])
    func reserve(limit: Int) {
        var queue = queue(limit: limit)
        for group in ["one", "two", "three", "four"].prefix(limit - 1) { add(1000, of: group, to: &queue) }
        let hanging = take(&queue).count
        #expect(hanging <= limit - max(1, limit / 8))
        for number in hanging..<limit {
            queue.add("good-\(number)/0", at: start)
            #expect(queue.next(at: start) == "good-\(number)/0")
        }
        #expect(queue.inFlight == limit)
    }

    @Test("A status that has waited for long has priority over a new one of a group with nothing in flight")
    func lateStatuses() {
        var queue = queue(limit: 8, starvationLimit: .seconds(60))
        queue.add("old/0", at: start)
        queue.add("old/0s", at: start)
        #expect(queue.next(at: start) == "old/0")
        let now = start.advanced(by: .seconds(60))
        queue.add("fresh/0s", at: now)
        for number in 0..<9 { queue.add("busy/\(number)", at: now) }
        #expect(queue.next(at: now) == "old/0s")
        #expect(queue.next(at: now) == "busy/0")
    }

    @Test("Statuses that have waited for long take turns by group")
    func lateTurns() {
        var queue = queue(limit: 8, starvationLimit: .seconds(60))
        add(1000, of: "many", "s", to: &queue)
        queue.add("good/0s", at: start)
        let now = start.advanced(by: .seconds(60))
        for number in 0..<9 { queue.add("busy/\(number)", at: now) }
        #expect(take(&queue, at: now).prefix(2) == ["many/0s", "good/0s"])
    }

    @Test("A status that fails and is added again around its starvationLimit is due once")
    func lateOnce() {
        var queue = queue(limit: 8, starvationLimit: .seconds(60))
        let now = start.advanced(by: .seconds(60))
        queue.add("a/0s", at: start)
        #expect(queue.next(at: start) == "a/0s")
        queue.finish("a/0s", .retry(), at: now.advanced(by: .seconds(-1)), jitter: 0)
        queue.add("a/0s", at: now.advanced(by: .seconds(-1)))
        queue.add("a/0s", at: now)
        #expect(queue.depth == 1)
        #expect(take(&queue, at: now) == ["a/0s"])
        queue.finish("a/0s", .done, at: now, jitter: 0)
        #expect(queue.isIdle && take(&queue, at: now.advanced(by: .seconds(120))).isEmpty)
    }

    @Test("Retries of a group that always fails count in its own turns")
    func failing() {
        var queue = queue(limit: 4)
        add(500, of: "fails", to: &queue)
        var now = start
        for _ in 0..<2000 {
            guard let key = queue.next(at: now) else { break }
            queue.finish(key, .retry(), at: now, jitter: 0)
            now = now.advanced(by: .milliseconds(1))
        }
        queue.add("good/0", at: now)
        #expect(take(&queue, at: now).prefix(2).contains("good/0"))
    }

    @Test("Statuses of a group with nothing in flight have priority over more of one that uses all its places")
    func statuses() {
        var queue = queue(limit: 8, starvationLimit: .seconds(60))
        add(1000, of: "many", to: &queue)
        queue.add("good/0s", at: start)
        #expect(take(&queue).contains("good/0s"))
    }

    @Test("It reports waiting groups: how many keys are due, and for how long, longest first")
    func backlogs() {
        var queue = queue(limit: 2, starvationLimit: .seconds(60))
        add(5, of: "a", to: &queue)
        queue.add("b/0s", at: ManualInstant(5))
        queue.add("c/0", at: ManualInstant(3))
        #expect(
            queue.backlogs(atMost: 2) == [
                .init(group: "a", due: 5, oldest: start), .init(group: "c", due: 1, oldest: ManualInstant(3)),
            ])
        #expect(take(&queue) == ["a/0", "c/0"])
        queue.finish("c/0", .done, at: start, jitter: 1)
        #expect(queue.backlogs(atMost: 9).map(\.group) == ["a", "b"])
        #expect(queue.backlogs(atMost: 9).first?.due == 4)
    }

    @Test("In random sequences, no key is lost and no group waits for another's keys", arguments: [1, 5, 32])
    func anyHistory(limit: Int) {
        var random = Xorshift(state: UInt64(limit) + 7)
        var queue = queue(limit: limit)
        var now = start
        var active: [String] = []
        var owed: Set<String> = []
        for _ in 0..<20_000 {
            switch random.below(4) {
            case 0:
                let key = "\(random.below(5))/\(random.below(9))" + (random.below(2) == 0 ? "s" : "")
                queue.add(key, at: now)
                owed.insert(key)
            case 1: now = now.advanced(by: .milliseconds(random.below(30)))
            case 2:
                guard let key = queue.next(at: now) else { continue }
                #expect(!active.contains(key))
                active.append(key)
                owed.remove(key)
            default:
                guard !active.isEmpty else { continue }
                let key = active.remove(at: random.below(active.count))
                let fails = random.below(3) == 0
                queue.finish(key, fails ? .retry() : .done, at: now, jitter: 1)
                if fails { owed.insert(key) }
            }
        }
        for key in active { queue.finish(key, .done, at: now, jitter: 1) }
        now = now.advanced(by: .seconds(20))
        while let key = queue.next(at: now) {
            owed.remove(key)
            queue.finish(key, .done, at: now, jitter: 1)
        }
        #expect(owed.isEmpty)
        #expect(queue.isIdle && queue.retrying == 0)
        #expect(queue.backlogs(atMost: 9).isEmpty)
    }
}
