import Distribution
import Planning

/// A status that will be written to a distribution after the Secrets that are due.
struct PendingStatus: Sendable {
    let distribution: SecretsDistribution
    let status: DistributionStatus
    /// The outcome before the oldest change that no Event has announced yet; nil if the distribution was not reconciled
    /// before.
    let last: DistributionStatus?
    /// Whether its Event was recorded.
    var isAnnounced: Bool
    /// A status that was written and got no response.
    var unanswered: StoredStatus?

    /// - Parameter other: the pending status that this one replaces. If it reported new content, so does this one.
    init(
        _ status: DistributionStatus, on distribution: SecretsDistribution, _ last: DistributionStatus?,
        after other: PendingStatus?
    ) {
        let isFresh = status.contentChanged
        var status = status
        if let other, other.status.contentChanged {
            status.contentChanged = true
            status.isRotation = (status.isRotation || !isFresh) && (other.status.isRotation || other.isAnnounced)
            if !other.isAnnounced {
                let details = [other.status.eventDetail, status.eventDetail].compactMap { $0 }
                status.eventDetail = details.isEmpty ? nil : details.joined(separator: " ")
            }
        }
        self.status = status
        self.distribution = distribution
        isAnnounced = !isFresh && other?.isAnnounced == true && other?.status == status
        if other?.status == status { unanswered = other?.unanswered }
        self.last = other.map { $0.isAnnounced ? last : $0.last } ?? last
    }

    /// Whether an Event is recorded for it.
    var isNew: Bool { status.isNew(after: distribution.status, last) }
}
