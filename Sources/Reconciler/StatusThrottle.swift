import Distribution
import Planning

/// A status that was written to a distribution, and when.
///
/// Two agents that see different things, for the time of a rolling update or through a wrong configuration, would else
/// answer each other's statuses without end.
package struct StatusThrottle: Sendable {
    /// Who overwrites a status gets it back at once the first time, and then no sooner than this.
    private static let pause: Duration = .seconds(60)

    /// A hash of what was said, and of what it was about: there is one for each distribution, and all of it would take
    /// much. Two different statuses have the same hash once in 2^64 times, and then the second may come a minute late.
    private let fingerprint: Int
    private let at = ContinuousClock.now
    private let isRepeated: Bool

    /// - Parameter last: what was said of the distribution before.
    init(
        _ status: DistributionStatus, on distribution: SecretsDistribution, _ definition: DefinitionTraits,
        after last: StatusThrottle?
    ) {
        var hasher = Hasher()
        hasher.combine(distribution.spec)
        // Without a status subresource each status raises it.
        hasher.combine(definition.hasStatusSubresource ? distribution.generation : 0)
        hasher.combine(status.reason)
        hasher.combine(status.message)
        hasher.combine(status.mountGeneration)
        fingerprint = hasher.finalize()
        isRepeated = !status.contentChanged && last?.fingerprint == fingerprint
    }

    /// How long to wait before it is said again after `last`; nil: not at all.
    func wait(after last: StatusThrottle?) -> Duration? {
        guard isRepeated, let last, last.isRepeated else { return nil }
        let elapsed = last.at.duration(to: at)
        return elapsed < Self.pause ? Self.pause - elapsed : nil
    }
}
