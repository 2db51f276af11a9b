import Distribution
import Planning

/// A status that is to be written to a distribution, once the Secrets that are due have been.
struct PendingStatus: Sendable {
    /// The distribution that it is about.
    let distribution: SecretsDistribution
    let status: DistributionStatus
    /// How the distribution fared before the first of what is not told of yet; nil if it was not looked at.
    let last: DistributionStatus?
    /// Its Event was recorded.
    var isAnnounced: Bool
    /// What was written and has no answer.
    var unanswered: StoredStatus?

    /// - Parameter other: one that was to be written, and is not any more: that it told of new content stays true.
    init(
        _ status: DistributionStatus, on distribution: SecretsDistribution, _ last: DistributionStatus?,
        after other: PendingStatus?
    ) {
        let isFresh = status.contentChanged
        var status = status
        if let other, other.status.contentChanged { status.contentChanged = true }
        self.status = status
        self.distribution = distribution
        isAnnounced = !isFresh && other?.isAnnounced == true && other?.status == status
        if other?.status == status { unanswered = other?.unanswered }
        self.last = other.map { $0.isAnnounced ? last : $0.last } ?? last
    }

    /// Whether it is worth an Event.
    var isNews: Bool { status.isNews(after: distribution.status, last) }
}
