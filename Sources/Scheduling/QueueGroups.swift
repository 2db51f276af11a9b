/// The groups of a work queue, as small numbers. A number is used again when its group has no keys left.
struct QueueGroups: Sendable {
    private struct Group {
        var name: String
        /// The number of keys that are known, in any state.
        var members: Int
        var inFlight: Int
    }

    private var groups = Slots<Group>()
    private var numbers: [String: Int] = [:]

    var isEmpty: Bool { numbers.isEmpty }

    func name(of number: Int) -> String { groups[number].name }

    /// The number of keys of a group in flight.
    func inFlight(_ number: Int) -> Int { groups[number].inFlight }

    mutating func setInFlight(_ number: Int, _ count: Int) { groups[number].inFlight = count }

    /// Adds a key to a group, and returns the number of the group.
    mutating func join(_ name: String) -> Int {
        if let number = numbers[name] {
            groups[number].members += 1
            return number
        }
        let number = groups.insert(Group(name: name, members: 1, inFlight: 0))
        numbers[name] = number
        return number
    }

    /// Removes a key from its group.
    mutating func leave(_ number: Int) {
        groups[number].members -= 1
        guard groups[number].members == 0 else { return }
        numbers[groups[number].name] = nil
        groups.free(number)
    }
}
