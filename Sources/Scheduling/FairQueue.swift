/// Due keys in turns by group: the next one is of a group that has the fewest keys in flight, among these of the group that
/// has waited longest for its turn; within a group they come in their order.
///
/// The cost of each operation does not depend on how many keys and groups there are.
struct FairQueue<Key: Hashable & Sendable, Group: Hashable & Sendable>: Sendable {
    private var keys: [Group: FIFO<Key>] = [:]
    /// By keys in flight: the groups that have due ones.
    private var turns: [FIFO<Group>] = [FIFO()]
    private(set) var count = 0

    /// How many keys of a group are due.
    func count(of group: Group) -> Int { keys[group]?.count ?? 0 }

    /// - Parameter inFlight: how many keys of `group` are.
    mutating func append(_ key: Key, of group: Group, inFlight: Int) {
        let before = count(of: group)
        keys[group, default: FIFO()].append(key)
        count += count(of: group) - before
        if before == 0 { lineUp(group, inFlight) }
    }

    /// The next key, with its group; nil if no group with due keys has fewer than `limit` in flight.
    func first(below limit: Int) -> (key: Key, group: Group)? {
        guard let inFlight = turns.indices.first(where: { !turns[$0].isEmpty }), inFlight < limit,
            let group = turns[inFlight].first, let key = keys[group]?.first
        else { return nil }
        return (key, group)
    }

    /// Takes out a key that is due; then it is another group's turn.
    mutating func remove(_ key: Key, of group: Group, inFlight: Int) {
        guard keys[group]?.contains(key) == true else { return }
        keys[group]?.remove(key)
        count -= 1
        turns[inFlight].remove(group)
        if keys[group]?.isEmpty == true { keys[group] = nil } else { lineUp(group, inFlight) }
    }

    /// Another number of keys of `group` is in flight.
    mutating func change(_ group: Group, from old: Int, to new: Int) {
        guard keys[group] != nil else { return }
        turns[old].remove(group)
        lineUp(group, new)
    }

    private mutating func lineUp(_ group: Group, _ inFlight: Int) {
        while turns.count <= inFlight { turns.append(FIFO()) }
        turns[inFlight].append(group)
    }

    mutating func giveBackRoom() {
        keys.giveBackRoom()
        for group in keys.keys { keys[group]?.giveBackRoom() }
        for index in turns.indices { turns[index].giveBackRoom() }
    }
}
