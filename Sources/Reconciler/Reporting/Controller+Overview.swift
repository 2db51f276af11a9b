import Distribution
import Planning
import Snapshots

/// The controller's state, for the status page and for metrics.
extension Controller {
    package func overview() -> Overview { overview(rows) }

    func overview(_ rows: [Overview.Row]) -> Overview {
        Overview(
            startedAt: startedAt, now: .now(), managedBy: settings.managedBy, isDryRun: settings.dryRun,
            isLeader: leadership.map { $0.end != nil }, unreadiness: unreadiness,
            notes: probes.readiness.compactMap(\.note), mount: mountState,
            rotations: rotations.recent, rows: rows,
            certificates: (isFollowing ? [:] : targetRecords.expiries).map {
                .init(secret: $0.key, expiresAt: $0.value)
            }
            .sorted { ($0.expiresAt, $0.secret) < ($1.expiresAt, $1.secret) })
    }

    private var mountState: Overview.MountState {
        var state = Overview.MountState(path: settings.mountPath)
        state.absence = cache.mount.absence
        guard let snapshot = cache.mount.snapshot else { return state }
        state.generation = snapshot.generation
        state.createdAt = snapshot.createdAt
        state.files = snapshot.files.count
        state.failedFiles = snapshot.files.values.count { if case .failed = $0 { true } else { false } }
        state.volumes = snapshot.volumes.sorted { $0.key < $1.key }.map { folder, volume in
            Overview.VolumeState(
                name: Overview.VolumeState.name(folder), generation: volume.generation, createdAt: volume.createdAt,
                isAtomic: volume.isAtomic, absence: volume.absence)
        }
        return state
    }

    private var rows: [Overview.Row] {
        // Sort only the keys: sorting ten thousand distributions would delay the controller.
        cache.index.keys.sorted().compactMap { key in
            guard let distribution = cache.index[key], isOurs(distribution) else { return nil }
            let stored = distribution.status
            let outcome = ownOutcome(key)
            return Overview.Row(
                distribution: key, secret: distribution.spec.name, reason: reason(of: distribution),
                message: outcome?.message ?? stored.statusText ?? "",
                lastUpdated: stored.lastUpdated,
                mountGeneration: outcome?.mountGeneration ?? stored.mountGeneration,
                sources: outcome?.sources ?? stored.sources)
        }
    }

    /// The reason in the distribution's status; nil if the distribution was not reconciled yet.
    func reason(of distribution: SecretsDistribution) -> Reason? {
        ownOutcome(distribution.key)?.reason ?? distribution.status.ready.flatMap { Reason(rawValue: $0.reason) }
    }

    /// This agent's result for a distribution; nil if it follows. A follower's results are missing or old, so the
    /// stored status, which the leader writes, is used instead.
    private func ownOutcome(_ key: ObjectKey) -> DistributionStatus? { isFollowing ? nil : statuses.outcomes[key] }
}
