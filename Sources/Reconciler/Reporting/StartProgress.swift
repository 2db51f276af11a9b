import Distribution

/// How far the first full pass is. A value.
struct StartProgress: Sendable {
    /// Another agent is known to do the work.
    var isLed = false
    /// At a leader: what was to be done when all was known and has not been processed since. Nil: not known yet.
    var firstPass: Set<WorkItem>?
    /// At a follower: targets that were not seen in sync yet. Nil: none was looked at.
    var unseen: [ObjectKey]?

    /// What was found out is of no use any more.
    mutating func reset() { (firstPass, unseen) = (nil, nil) }
}
