/// A queue of due slots that is fair to groups. The next slot is from the groups with the fewest slots in flight, and
/// among these from the group that has waited longest. Within a group, slots keep their order.
///
/// The cost of each operation is independent of the number of slots and groups. Groups are small numbers.
struct FairQueue: Sendable {
    /// The due slots of each group.
    private var lines: [Line] = []
    /// The groups with due slots, by their number of slots in flight.
    private var turns: [Line] = []
    private var turnLinks = LineLinks()
    private(set) var count = 0

    /// - Parameters:
    ///   - slot: not in the queue.
    ///   - inFlight: the number of slots of `group` in flight.
    mutating func append(_ slot: Int, of group: Int, inFlight: Int, _ links: inout LineLinks) {
        while lines.count <= group { lines.append(Line()) }
        if lines[group].isEmpty { lineUp(group, inFlight) }
        links.append(slot, to: &lines[group])
        count += 1
    }

    /// The next slot; nil if no group with due slots has fewer than `limit` in flight.
    func first(below limit: Int) -> Int? {
        guard count > 0, let inFlight = turns.firstIndex(where: { !$0.isEmpty }), inFlight < limit,
            let group = turns[inFlight].first
        else { return nil }
        return lines[group].first
    }

    /// Removes a slot that is in the queue. Other groups with the same number in flight then come first.
    mutating func remove(_ slot: Int, of group: Int, inFlight: Int, _ links: inout LineLinks) {
        links.remove(slot, from: &lines[group])
        count -= 1
        turnLinks.remove(group, from: &turns[inFlight])
        if !lines[group].isEmpty { lineUp(group, inFlight) }
    }

    /// Changes the number of slots of `group` in flight.
    mutating func change(_ group: Int, from old: Int, to new: Int) {
        guard group < lines.count, !lines[group].isEmpty else { return }
        turnLinks.remove(group, from: &turns[old])
        lineUp(group, new)
    }

    private mutating func lineUp(_ group: Int, _ inFlight: Int) {
        while turns.count <= inFlight { turns.append(Line()) }
        turnLinks.append(group, to: &turns[inFlight])
    }
}
