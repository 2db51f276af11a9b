import TestSupport

@testable import Scheduling

/// A queue with these keys. With full jitter, its delays are 100, 200, 400 … ms, at most 10 s.
func queue(limit: Int = 2, _ keys: String...) -> WorkQueue<String, ManualInstant> {
    var queue = WorkQueue<String, ManualInstant>(
        limit: limit, backoff: Backoff(initial: .milliseconds(100), longest: .seconds(10)))
    for key in keys { queue.add(key, at: ManualInstant(0)) }
    return queue
}

/// All keys that may be started.
func taken(from queue: inout WorkQueue<String, ManualInstant>, at now: ManualInstant) -> [String] {
    var keys: [String] = []
    while let key = queue.next(at: now) { keys.append(key) }
    return keys
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
