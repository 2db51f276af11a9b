/// The amount of work, overall and by group. Where a cost is given as that of a scan, it is proportional to the largest
/// number of keys since `releaseUnusedCapacity`.
extension WorkQueue {
    /// The number of keys that are due and not in progress.
    package var depth: Int { queue.depth }
    /// The number of keys in progress.
    package var inFlight: Int { queue.inFlight }
    /// The number of keys that wait for a retry or a requeue, or are held.
    package var retrying: Int { queue.retrying }
    /// Whether no key is due or in progress. Retries may be waiting.
    package var isIdle: Bool { depth == 0 && inFlight == 0 }
    /// Whether no work is left, including retries.
    package var isDone: Bool { isIdle && retrying == 0 }

    /// The time when the key that is in progress for longest was started; nil if none is in progress.
    package var oldestStart: Instant? { queue.oldestStart.flatMap(instant) }

    /// The keys that are due or in progress. Costs a scan.
    package var unfinished: [Key] {
        zip(keys, queue.entries).compactMap { key, entry in
            switch entry.state {
            case .due, .inFlight: key
            case .unused, .waiting, .held: nil
            }
        }
    }

    /// The time when the oldest unfinished key was added, whether it waits, is in progress or has failed; nil if there
    /// is none. A key that waits for a requeue is finished. Costs a scan.
    package var oldest: Instant? { queue.entries.lazy.compactMap(\.added).min().flatMap(instant) }

    /// The unfinished keys of a group: the number of due keys, and the time since which the oldest is unfinished.
    package struct Backlog: Sendable, Equatable {
        package let group: String
        package let due: Int
        package let oldest: Instant
    }

    /// The backlogs of the groups whose oldest keys have waited longest, longest first. Costs a scan.
    package func backlogs(atMost limit: Int) -> [Backlog] {
        var backlogs: [Int: (due: Int, oldest: Duration)] = [:]
        for entry in queue.entries {
            guard let added = entry.added else { continue }
            let known = backlogs[entry.group] ?? (0, added)
            var due = known.due
            if case .due = entry.state { due += 1 }
            backlogs[entry.group] = (due, min(known.oldest, added))
        }
        return backlogs.map { (name: queue.groups.name(of: $0.key), $0.value) }
            .sorted { ($0.1.oldest, $0.name) < ($1.1.oldest, $1.name) }.prefix(limit).compactMap { name, backlog in
                instant(backlog.oldest).map { Backlog(group: name, due: backlog.due, oldest: $0) }
            }
    }
}
