import TestSupport
import Testing

@testable import Scheduling

@Suite struct WorkQueueModelTests {
    typealias Queue = WorkQueue<String, ManualInstant>

    @Test(
        "In random sequences of all operations, a queue of one group does what a simple model does",
        arguments: [1, 2, 4, 7, 32])
    func anyHistory(limit: Int) {
        var random = Xorshift(state: UInt64(limit))
        let backoff = Backoff(initial: .milliseconds(10), longest: .milliseconds(100))
        var queue = Queue(limit: limit, backoff: backoff, starvationLimit: .milliseconds(40)) { $0.hasPrefix("later") }
        var model = Model(limit: limit, backoff: backoff, patience: 40)
        var now = 0
        for step in 0..<10_000 {
            switch random.below(8) {
            case 0, 1:
                let key = (random.below(2) == 0 ? "later " : "") + "\(random.below(12))"
                queue.add(key, at: ManualInstant(now))
                model.add(key, at: now)
            case 2: now += random.below(15)
            case 3, 4: #expect(queue.next(at: ManualInstant(now)) == model.next(at: now), "step \(step)")
            case 5, 6:
                let key = model.inFlight.isEmpty ? "stranger" : model.inFlight[random.below(model.inFlight.count)]
                let outcome: WorkOutcome =
                    switch random.below(6) {
                    case 0: .retry()
                    case 1: .retry(notBefore: .milliseconds(30))
                    case 2: .again(after: .milliseconds(random.below(50)))
                    case 3: .held
                    default: .done
                    }
                queue.finish(key, outcome, at: ManualInstant(now), jitter: 1)
                model.finish(key, outcome, at: now)
            default:
                queue.releaseUnusedCapacity()
                if random.below(20) == 0 {
                    #expect(queue.nextLowPriority(at: ManualInstant(now)) == model.nextLowPriority(), "step \(step)")
                }
            }
            #expect((queue.depth, queue.inFlight, queue.retrying) == model.counts, "step \(step)")
            #expect(queue.deadline() == model.deadline.map(ManualInstant.init), "step \(step)")
            #expect(queue.oldest == model.oldest.map(ManualInstant.init), "step \(step)")
            #expect(Set(queue.unfinished) == model.unfinished, "step \(step)")
        }
    }

    @Test("Keys that are left when memory is released keep their group, age, failures and alarms")
    func compaction() throws {
        var queue = Queue(
            limit: 1000, backoff: Backoff(initial: .milliseconds(100), longest: .seconds(10)),
            group: { String($0.prefix(1)) })
        let start = ManualInstant(0)
        for number in 0..<300 { for group in ["a", "b", "c"] { queue.add("\(group)\(number)", at: start) } }
        let kept: [String: WorkOutcome] = [
            "b7": .retry(), "a100": .again(after: .seconds(5)), "c250": .held, "b251": .retry(notBefore: .seconds(3)),
        ]
        // The limit of a group keeps some of its keys waiting.
        while let key = queue.next(at: start) { queue.finish(key, kept[key] ?? .done, at: start, jitter: 1) }
        let backlogs = queue.backlogs(atMost: 9)
        queue.releaseUnusedCapacity()
        #expect(queue.keys.count == 4)
        #expect((queue.depth, queue.inFlight, queue.retrying) == (0, 0, 4))
        #expect(queue.backlogs(atMost: 9) == backlogs)
        #expect(queue.failures(of: "b7") == 1 && queue.failures(of: "b251") == 1 && queue.failures(of: "c250") == 0)
        #expect(queue.next(at: start) == nil)
        #expect(queue.deadline() == ManualInstant(100))
        #expect(queue.next(at: ManualInstant(100)) == "b7")
        queue.finish("b7", .retry(), at: ManualInstant(100), jitter: 1)
        #expect(queue.failures(of: "b7") == 2)
        // The server asked to wait until 3000.
        queue.add("b251", at: ManualInstant(100))
        queue.add("c250", at: ManualInstant(100))
        queue.add("d1", at: ManualInstant(100))
        #expect(queue.next(at: ManualInstant(100)) == "c250")
        #expect(queue.next(at: ManualInstant(100)) == "d1")
        #expect(queue.next(at: ManualInstant(300)) == "b7")
        #expect(queue.next(at: ManualInstant(3000)) == "b251")
        #expect(queue.next(at: ManualInstant(5000)) == "a100")
        for key in ["a100", "b7", "b251", "c250", "d1"] {
            queue.finish(key, .done, at: ManualInstant(5000), jitter: 1)
        }
        #expect(queue.isDone && queue.deadline() == nil)
    }

    @Test("The alarm of a key that is done does not ring for the key that has its slot", arguments: [200, 500])
    func reusedSlot(wait: Int) {
        var queue = Queue(limit: 1, backoff: Backoff(initial: .milliseconds(1), longest: .milliseconds(1)))
        let start = ManualInstant(0)
        queue.add("a", at: start)
        #expect(queue.next(at: start) == "a")
        queue.finish("a", .again(after: .milliseconds(200)), at: start, jitter: 1)
        queue.add("a", at: start)
        #expect(queue.next(at: start) == "a")
        queue.finish("a", .done, at: start, jitter: 1)
        queue.add("b", at: start)
        #expect(queue.next(at: start) == "b")
        queue.finish("b", .again(after: .milliseconds(wait)), at: start, jitter: 1)
        #expect(queue.keys == ["b"])
        #expect(queue.next(at: ManualInstant(wait - 1)) == nil)
        #expect(queue.next(at: ManualInstant(wait)) == "b")
        queue.finish("b", .done, at: ManualInstant(wait), jitter: 1)
        #expect(queue.isDone)
    }
}

/// A work queue of one group, in arrays that are searched. Times are in milliseconds; jitter is 1.
private struct Model {
    let limit: Int
    let backoff: Backoff
    let patience: Int

    private var ready: [String] = []
    private var late: [String] = []
    private var deferred: [String] = []
    private(set) var inFlight: [String] = []
    private var again: Set<String> = []
    private var waiting: [(key: String, until: Int)] = []
    private var held: Set<String> = []
    private var failures: [String: Int] = [:]
    /// The time before which a key must not be started.
    private var earliest: [String: Int] = [:]
    private var added: [String: Int] = [:]

    init(limit: Int, backoff: Backoff, patience: Int) {
        (self.limit, self.backoff, self.patience) = (limit, backoff, patience)
    }

    private var due: [String] { ready + late + deferred }
    var counts: (Int, Int, Int) { (due.count, inFlight.count, waiting.count + held.count) }
    var deadline: Int? { waiting.map(\.until).min() }
    var oldest: Int? { added.values.min() }
    var unfinished: Set<String> { Set(due + inFlight) }

    mutating func add(_ key: String, at now: Int) {
        if added[key] == nil { added[key] = now }
        if inFlight.contains(key) {
            again.insert(key)
        } else if !due.contains(key) {
            if let earliest = earliest[key], earliest > now {
                guard let index = waiting.firstIndex(where: { $0.key == key && $0.until > earliest }) else { return }
                waiting.remove(at: index)
                waiting.append((key, earliest))
                return
            }
            waiting.removeAll { $0.key == key }
            held.remove(key)
            lineUp(key, at: now)
        }
    }

    private mutating func lineUp(_ key: String, at now: Int) {
        if !isLow(key) {
            ready.append(key)
        } else if isLate(key, at: now) {
            late.append(key)
        } else {
            deferred.append(key)
        }
    }

    private func isLow(_ key: String) -> Bool { key.hasPrefix("later") }
    private func isLate(_ key: String, at now: Int) -> Bool { added[key].map { $0 + patience <= now } ?? false }

    mutating func next(at now: Int) -> String? {
        while let first = waiting.enumerated().filter({ $1.until <= now }).min(by: {
            $0.element.until < $1.element.until
        }) {
            let key = waiting.remove(at: first.offset).key
            if added[key] == nil { added[key] = now }
            lineUp(key, at: now)
        }
        while let first = deferred.first, isLate(first, at: now) { late.append(deferred.removeFirst()) }
        guard inFlight.count < limit else { return nil }
        if inFlight.count(where: isLow) < (limit + 1) / 2, !late.isEmpty { return begin(late.removeFirst()) }
        if !ready.isEmpty { return begin(ready.removeFirst()) }
        return nextLowPriority()
    }

    mutating func nextLowPriority() -> String? {
        guard inFlight.count < limit else { return nil }
        if !late.isEmpty { return begin(late.removeFirst()) }
        return deferred.isEmpty ? nil : begin(deferred.removeFirst())
    }

    private mutating func begin(_ key: String) -> String {
        inFlight.append(key)
        return key
    }

    mutating func finish(_ key: String, _ outcome: WorkOutcome, at now: Int) {
        guard let index = inFlight.firstIndex(of: key) else { return }
        inFlight.remove(at: index)
        let isAgain = again.remove(key) != nil
        switch outcome {
        case .retry(let notBefore):
            failures[key, default: 0] += 1
            earliest[key] = now + milliseconds(notBefore)
        case .held: break
        case .done, .again: (failures[key], added[key]) = (nil, isAgain ? now : nil)
        }
        if isAgain {
            if let earliest = earliest[key], earliest > now {
                waiting.append((key, earliest))
            } else {
                lineUp(key, at: now)
            }
            return
        }
        switch outcome {
        case .done: break
        case .held: held.insert(key)
        case .again(let delay): waiting.append((key, now + milliseconds(delay)))
        case .retry(let notBefore):
            let delay = backoff.delay(failures: failures[key, default: 1], jitter: 1)
            waiting.append((key, now + milliseconds(max(delay, notBefore))))
        }
    }

    private func milliseconds(_ duration: Duration) -> Int { Int(duration / .milliseconds(1)) }
}
