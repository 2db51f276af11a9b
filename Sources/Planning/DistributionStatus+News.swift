package import Distribution

extension DistributionStatus {
    /// Whether it is worth an event: new content, a recovery, or a failure that is not told yet. An agent that has just
    /// begun finds in the stored status what was told before.
    ///
    /// - Parameters:
    ///   - stored: what the resource says.
    ///   - last: what this agent found when it last looked; nil if it has not.
    package func isNews(after stored: StoredStatus, _ last: DistributionStatus?) -> Bool {
        if contentChanged { return true }
        guard reason == .synced else { return !isTold(by: stored) && !isSame(as: last) }
        let before = stored.ready?.reason ?? last?.reason.rawValue ?? reason.rawValue
        return before != reason.rawValue && last?.reason != reason
    }

    private func isTold(by stored: StoredStatus) -> Bool {
        // The older resource definition drops the conditions.
        guard let ready = stored.ready else { return stored.statusText == message }
        return ready.reason == reason.rawValue && ready.message == message
    }

    private func isSame(as other: DistributionStatus?) -> Bool {
        reason == other?.reason && message == other?.message
    }
}
