extension Dictionary {
    /// Gives back the room that it has kept of all that it once held, if it is empty.
    package mutating func giveBackRoom() {
        if isEmpty { self = [:] }
    }
}
