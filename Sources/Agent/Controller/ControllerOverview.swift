import Distribution
import Observability
import Snapshots

/// What the controller knows, for people and for metrics.
extension Controller {
    package func overview() -> Overview {
        Overview(
            startedAt: startedAt, now: .now(), managedBy: settings.managedBy, isDryRun: settings.dryRun,
            isLeader: leadership.map { $0.end != nil }, unreadiness: unreadiness, mount: mountState,
            rotations: rotations.recent, rows: rows,
            certificates: (isFollowing ? [:] : expiries).map { .init(secret: $0.key, expiresAt: $0.value) }
                .sorted { ($0.expiresAt, $0.secret) < ($1.expiresAt, $1.secret) })
    }

    private var mountState: Overview.MountState {
        var state = Overview.MountState(path: settings.secretsPath)
        state.absence = absence
        guard let snapshot else { return state }
        state.generation = snapshot.generation
        state.createdAt = snapshot.createdAt
        state.files = snapshot.files.count
        state.failedFiles = snapshot.files.values.count { if case .failed = $0 { true } else { false } }
        return state
    }

    private var rows: [Overview.Row] {
        index.distributions.values.filter(isOurs).sorted { $0.key < $1.key }.map { distribution in
            let stored = distribution.status
            // Who does not lead has none of its own, or old ones: what the leader has written stands in the status.
            let outcome = isFollowing ? nil : outcomes[distribution.key]
            return Overview.Row(
                distribution: distribution.key, secret: distribution.spec.name,
                reason: outcome?.reason ?? stored.ready.flatMap { Reason(rawValue: $0.reason) },
                message: outcome?.message ?? stored.statusText ?? "",
                lastUpdated: stored.lastUpdated,
                mountGeneration: outcome?.mountGeneration ?? stored.mountGeneration)
        }
    }
}
