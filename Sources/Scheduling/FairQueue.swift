/// A queue of due keys that is fair to groups. The next key is from the groups with the fewest keys in flight, and
/// among these from the group that has waited longest. Within a group, keys keep their order.
///
/// The cost of each operation is independent of the number of keys and groups.
struct FairQueue<Key: Hashable & Sendable, Group: Hashable & Sendable>: Sendable {
    private var keys: [Group: FIFO<Key>] = [:]
    /// The groups with due keys, by their number of keys in flight.
    private var turns: [FIFO<Group>] = [FIFO()]
    private(set) var count = 0

    /// The number of due keys of a group.
    func count(of group: Group) -> Int { keys[group]?.count ?? 0 }

    /// - Parameter inFlight: the number of keys of `group` in flight.
    mutating func append(_ key: Key, of group: Group, inFlight: Int) {
        let before = count(of: group)
        keys[group, default: FIFO()].append(key)
        count += count(of: group) - before
        if before == 0 { lineUp(group, inFlight) }
    }

    /// The next key and its group; nil if no group with due keys has fewer than `limit` in flight.
    func first(below limit: Int) -> (key: Key, group: Group)? {
        guard let inFlight = turns.indices.first(where: { !turns[$0].isEmpty }), inFlight < limit,
            let group = turns[inFlight].first, let key = keys[group]?.first
        else { return nil }
        return (key, group)
    }

    /// Removes a due key. Other groups with the same number in flight then come first.
    mutating func remove(_ key: Key, of group: Group, inFlight: Int) {
        guard keys[group]?.contains(key) == true else { return }
        keys[group]?.remove(key)
        count -= 1
        turns[inFlight].remove(group)
        if keys[group]?.isEmpty == true { keys[group] = nil } else { lineUp(group, inFlight) }
    }

    /// Changes the number of keys of `group` in flight.
    mutating func change(_ group: Group, from old: Int, to new: Int) {
        guard keys[group] != nil else { return }
        turns[old].remove(group)
        lineUp(group, new)
    }

    private mutating func lineUp(_ group: Group, _ inFlight: Int) {
        while turns.count <= inFlight { turns.append(FIFO()) }
        turns[inFlight].append(group)
    }

    mutating func releaseUnusedCapacity() {
        keys.releaseUnusedCapacity()
        for group in keys.keys { keys[group]?.releaseUnusedCapacity() }
        for index in turns.indices { turns[index].releaseUnusedCapacity() }
    }
}
