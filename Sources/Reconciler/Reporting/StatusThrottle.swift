import Distribution
import Planning

/// A status that was written to a distribution, and when it was written.
///
/// Limits how often a status is repeated. Without a limit, two agents that see different states, during a rolling
/// update or because of a wrong configuration, would overwrite each other's statuses.
package struct StatusThrottle: Sendable {
    /// The minimum time between repetitions of an overwritten status. The first repetition is immediate.
    private static let pause: Duration = .seconds(60)

    /// A hash of the status and of the spec that it is about, which takes less memory than both. Two different statuses
    /// have the same hash with a probability of 1 in 2^64; then the second may be written a minute late.
    private let fingerprint: Int
    let at: ContinuousClock.Instant
    private let isRepeated: Bool

    /// - Parameter last: the status that was written before.
    init(
        _ status: DistributionStatus, on distribution: SecretsDistribution, _ definition: DefinitionTraits,
        after last: StatusThrottle?, at now: ContinuousClock.Instant
    ) {
        at = now
        var hasher = Hasher()
        hasher.combine(distribution.spec)
        // Without a status subresource, each write of a status raises the generation.
        hasher.combine(definition.hasStatusSubresource ? distribution.generation : 0)
        hasher.combine(status.reason)
        hasher.combine(status.message)
        hasher.combine(status.mountGeneration)
        hasher.combine(status.targets)
        fingerprint = hasher.finalize()
        isRepeated = !status.contentChanged && last?.fingerprint == fingerprint
    }

    /// How long to wait before the status is written again after `last`; nil if it may be written now.
    func wait(after last: StatusThrottle?) -> Duration? {
        guard isRepeated, let last, last.isRepeated else { return nil }
        let elapsed = last.at.duration(to: at)
        return elapsed < Self.pause ? Self.pause - elapsed : nil
    }
}
