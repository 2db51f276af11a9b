extension Dictionary {
    /// Releases unused capacity if it is more than four times the number of elements.
    package mutating func releaseUnusedCapacity() {
        if count * 4 < capacity { self = Dictionary(uniqueKeysWithValues: map { ($0, $1) }) }
    }
}
