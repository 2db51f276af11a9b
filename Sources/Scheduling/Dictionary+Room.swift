extension Dictionary {
    /// Gives back the room that it has kept of all that it once held, if that is more than four times what it needs.
    package mutating func giveBackRoom() {
        if count * 4 < capacity { self = Dictionary(uniqueKeysWithValues: map { ($0, $1) }) }
    }
}
