import Distribution

/// A status that was written to a distribution, and when.
///
/// Two agents that see different things, for the time of a rolling update or through a wrong configuration, would else
/// answer each other's statuses without end.
struct SaidStatus: Sendable {
    /// Who overwrites a status gets it back at once the first time, and then no sooner than this.
    private static let pause: Duration = .seconds(60)

    private let status: DistributionStatus
    private let spec: DistributionSpec
    private let generation: Int
    private let at = ContinuousClock.now
    private let isRepeated: Bool
    /// How long to wait before it is said again; nil: not at all.
    let wait: Duration?

    init(
        _ status: DistributionStatus, on distribution: SecretsDistribution, _ definition: DefinitionTraits,
        after last: SaidStatus?
    ) {
        self.status = status
        spec = distribution.spec
        // Without a status subresource each status raises it.
        generation = definition.hasStatusSubresource ? distribution.generation : 0
        let isRepeated =
            !status.contentChanged && last?.spec == spec && last?.generation == generation
            && last?.status.reason == status.reason && last?.status.message == status.message
            && last?.status.mountGeneration == status.mountGeneration
        self.isRepeated = isRepeated
        let elapsed = last?.at.duration(to: .now) ?? Self.pause
        wait = isRepeated && last?.isRepeated == true && elapsed < Self.pause ? Self.pause - elapsed : nil
    }
}
