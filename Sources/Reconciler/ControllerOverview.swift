import Distribution
import Planning
import Snapshots

/// What the controller knows, for people and for metrics.
extension Controller {
    package func overview() -> Overview { overview(rows) }

    func overview(_ rows: [Overview.Row]) -> Overview {
        Overview(
            startedAt: startedAt, now: .now(), managedBy: settings.managedBy, isDryRun: settings.dryRun,
            isLeader: leadership.map { $0.end != nil }, unreadiness: unreadiness,
            notes: vitals.readiness.compactMap(\.note), mount: mountState,
            rotations: rotations.recent, rows: rows,
            certificates: (isFollowing ? [:] : expiries).map { .init(secret: $0.key, expiresAt: $0.value) }
                .sorted { ($0.expiresAt, $0.secret) < ($1.expiresAt, $1.secret) })
    }

    private var mountState: Overview.MountState {
        var state = Overview.MountState(path: settings.mountPath)
        state.absence = absence
        guard let snapshot else { return state }
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
        // Keys alone are sorted: to move ten thousand distributions about holds up the work.
        index.distributions.keys.sorted().compactMap { key in
            guard let distribution = index.distributions[key], isOurs(distribution) else { return nil }
            let stored = distribution.status
            let outcome = ownOutcome(key)
            return Overview.Row(
                distribution: key, secret: distribution.spec.name, reason: reason(of: distribution),
                message: outcome?.message ?? stored.statusText ?? "",
                lastUpdated: stored.lastUpdated,
                mountGeneration: outcome?.mountGeneration ?? stored.mountGeneration)
        }
    }

    /// Nil: it was not looked at yet.
    func reason(of distribution: SecretsDistribution) -> Reason? {
        ownOutcome(distribution.key)?.reason ?? distribution.status.ready.flatMap { Reason(rawValue: $0.reason) }
    }

    /// Who does not lead has none of its own, or old ones: what the leader has written stands in the status.
    private func ownOutcome(_ key: ObjectKey) -> DistributionStatus? { isFollowing ? nil : outcomes[key] }
}
