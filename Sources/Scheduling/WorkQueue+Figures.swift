/// How much there is to do, and for whom.
extension WorkQueue {
    /// Keys that are due and not yet taken.
    package var depth: Int { lanes.reduce(0) { $0 + $1.count } }
    /// Keys being worked on.
    package var inFlight: Int { active.count }
    /// Keys that wait for a retry or a second look, or are held.
    package var retrying: Int { waiting.count + held.count }
    /// Nothing due and nothing under way; retries may be waiting.
    package var isIdle: Bool { depth == 0 && active.isEmpty }
    /// Nothing is left to do, retries included.
    package var isDone: Bool { isIdle && retrying == 0 }

    /// Keys that are due or being worked on. Looks at every key.
    package var unfinished: [Key] { added.keys.filter { waiting[$0] == nil && !held.contains($0) } }

    /// When the key was added that has not been done for the longest time, whether it waits, is worked on or failed; nil
    /// if all is done. What waits for a second look is done. Looks at every key.
    package var oldest: Instant? { added.values.min() }

    /// Those of one group that are not done: how many are due, and since when the oldest is not done.
    package struct Backlog: Sendable, Equatable {
        package let group: String
        package let due: Int
        package let oldest: Instant
    }

    /// Of the groups whose oldest keys have waited longest, longest first. Looks at every key.
    package func backlogs(atMost limit: Int) -> [Backlog] {
        var oldest: [String: Instant] = [:]
        for (key, instant) in added {
            let group = group(of: key)
            oldest[group] = min(oldest[group] ?? instant, instant)
        }
        return oldest.sorted { ($0.value, $0.key) < ($1.value, $1.key) }.prefix(limit).map { group, instant in
            Backlog(group: group, due: lanes.reduce(0) { $0 + $1.count(of: group) }, oldest: instant)
        }
    }
}
