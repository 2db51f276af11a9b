import Distribution

/// The progress of the first full pass. A value.
struct StartProgress: Sendable {
    /// Whether another agent is known to lead.
    var hasOtherLeader = false
    /// For a leader: the keys that were queued when the agent became ready and are not processed yet. Nil until it is
    /// ready.
    var firstPass: Set<WorkItem>?
    /// For a follower: the targets that have not been in sync yet. Nil before the first check.
    var unseen: [ObjectKey]?

    /// Starts again.
    mutating func reset() { (firstPass, unseen) = (nil, nil) }
}
