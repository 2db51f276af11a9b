/// The amount of work, overall and by group.
extension WorkQueue {
    /// The number of keys that are due and not in progress.
    package var depth: Int { lanes.reduce(0) { $0 + $1.count } }
    /// The number of keys in progress.
    package var inFlight: Int { active.count }
    /// The number of keys that wait for a retry or a requeue, or are held.
    package var retrying: Int { waiting.count + held.count }
    /// Whether no key is due or in progress. Retries may be waiting.
    package var isIdle: Bool { depth == 0 && active.isEmpty }
    /// Whether no work is left, including retries.
    package var isDone: Bool { isIdle && retrying == 0 }

    /// The keys that are due or in progress. The cost is proportional to the number of keys.
    package var unfinished: [Key] { added.keys.filter { waiting[$0] == nil && !held.contains($0) } }

    /// The time when the oldest unfinished key was added, whether it waits, is in progress or has failed; nil if there
    /// is none. A key that waits for a requeue is finished. The cost is proportional to the number of keys.
    package var oldest: Instant? { added.values.min() }

    /// The unfinished keys of a group: the number of due keys, and the time since which the oldest is unfinished.
    package struct Backlog: Sendable, Equatable {
        package let group: String
        package let due: Int
        package let oldest: Instant
    }

    /// The backlogs of the groups whose oldest keys have waited longest, longest first. The cost is proportional to the
    /// number of keys.
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
