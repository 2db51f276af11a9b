import Distribution
import Kube
package import Observability

/// The controller's metrics. `docs/metrics.md` describes each.
///
/// The number of values of a label must be bounded: by the configuration, by the number of targets, or by a constant such
/// as `namedNamespaces`.
extension Controller {
    package func metrics() -> [Metric] {
        let overview = overview([])
        return [
            Metric(
                .gauge, "secrets_distributor_build_info", "The program's version; the value is always 1.",
                by: [(["version": overview.version], 1)]),
            Metric(
                "secrets_distributor_ready", "Whether the agent is ready.",
                overview.unreadiness.isEmpty),
            Metric(
                "secrets_distributor_leader", "Whether this agent may write; always 1 without leader election.",
                overview.isLeader ?? true),
            Metric(
                "secrets_distributor_dry_run", "Whether the agent is in a dry run.", overview.isDryRun),
            Metric(
                .gauge, "secrets_distributor_scope_accessible",
                "Whether the distributions, or the Secrets, of a namespace can be listed and watched.",
                by: cache.scopes.sorted { $0.key.description < $1.key.description }.flatMap { scope, state in
                    feeds(of: scope, state).map { resource, feed in
                        (
                            ["namespace": scope.namespace ?? "", "resource": resource.plural],
                            feed.isAccessible ? 1 : 0
                        )
                    }
                }),
        ] + rotationMetrics + distributionMetrics(overview) + mountMetrics(overview) + queueMetrics
    }

    /// Those of the cluster only if they are used.
    private func feeds(of scope: Scope, _ state: ScopeState) -> [(Resource, ListWatchState)] {
        guard scope == .cluster else {
            return [(.secretsDistributions, state.distributions), (.secrets, state.targets)]
        }
        guard hasClusterDistributions else { return [] }
        return [(.clusterSecretsDistributions, state.distributions), (.namespaces, state.namespaces)]
    }

    private var rotationMetrics: [Metric] {
        [
            Metric(
                .counter, "secrets_distributor_rotations_total", "Changes of the mount's content.",
                Double(rotations.count)),
            Metric(
                "secrets_distributor_rotation_propagation_seconds",
                "Time from a source file's change, by the file system's clock, to the acknowledged write of a Secret.",
                counts.propagation),
            Metric(
                "secrets_distributor_rotation_processing_seconds",
                "Time from the detection of a source file's change to the acknowledged write of a Secret.",
                counts.processing),
            Metric(
                .counter, "secrets_distributor_drift_corrections_total",
                "Corrections of changes that others made to our Secrets.", Double(counts.corrections)),
            Metric(
                .gauge, "secrets_distributor_contested_targets",
                "Targets that other writers keep changing; they are corrected at most once a minute.",
                Double(drift.contestedCount(at: now))),
        ]
    }

    private func distributionMetrics(_ overview: Overview) -> [Metric] {
        var counts = Dictionary(uniqueKeysWithValues: Reason.allCases.map { ($0.rawValue, 0) })
        counts["Pending"] = 0
        var held = 0
        for distribution in cache.index.keys.compactMap({ cache.index[$0] }) where isOurs(distribution) {
            let reason = reason(of: distribution)
            counts[reason?.rawValue ?? "Pending", default: 0] += 1
            // Those of cluster distributions are counted one by one.
            if let reason, reason != .synced, !distribution.isCluster { held += 1 }
        }
        let ofCluster = isFollowing ? [] : clusterTargets.counts.sorted { $0.key < $1.key }
        return [
            Metric(
                .gauge, "secrets_distributor_distributions", "Distributions, by the Ready condition and its reason.",
                by: counts.sorted { $0.key < $1.key }.map { reason, count in
                    (["ready": reason == Reason.synced.rawValue ? "true" : "false", "reason": reason], Double(count))
                }),
            Metric(
                .gauge, "secrets_distributor_targets_held_back",
                "Secrets that are not updated because their distribution is not Ready.",
                Double(held + ofCluster.reduce(0) { $0 + $1.value.heldBack })),
            Metric(
                .gauge, "secrets_distributor_cluster_distribution_targets",
                "Secrets of a cluster distribution, by whether they are in sync.",
                by: ofCluster.flatMap { key, count in
                    [("true", count.inSync), ("false", count.heldBack)].map { inSync, count in
                        (["distribution": key.name, "in_sync": inSync], Double(count))
                    }
                }),
            Metric(
                .gauge, "secrets_distributor_certificate_expiry_timestamp_seconds",
                "When the certificate in a Secret of type kubernetes.io/tls expires, in seconds since 1970.",
                by: overview.certificates.map {
                    (["namespace": $0.secret.namespace, "secret": $0.secret.name], $0.expiresAt.secondsSince1970)
                }),
        ]
    }

    private func mountMetrics(_ overview: Overview) -> [Metric] {
        let mount = overview.mount
        // NaN until there is a generation.
        let created = mount.createdAt?.secondsSince1970 ?? .nan
        return [
            Metric(
                "secrets_distributor_mount_present", "Whether the mount has a generation now.",
                mount.generation != nil && mount.absence == nil),
            Metric(
                .gauge, "secrets_distributor_mount_generation_timestamp_seconds",
                "When the mount's generation was created, in seconds since 1970; NaN before the first.", created),
            Metric(
                .gauge, "secrets_distributor_mount_generation_age_seconds",
                "Age of the mount's generation; NaN before the first.",
                overview.now.secondsSince1970 - created),
            Metric(
                .gauge, "secrets_distributor_mount_volume_present",
                "Whether a volume in the mount has a generation now.",
                by: mount.volumes.map { (["volume": $0.name], $0.absence == nil && mount.absence == nil ? 1 : 0) }),
            Metric(
                .gauge, "secrets_distributor_mount_volume_atomic",
                "Whether a volume in the mount is written atomically, a generation at a time.",
                by: mount.volumes.map { (["volume": $0.name], $0.isAtomic ? 1 : 0) }),
            Metric(
                .gauge, "secrets_distributor_mount_volume_generation_timestamp_seconds",
                "When a volume's generation was created, in seconds since 1970.",
                by: mount.volumes.map { (["volume": $0.name], $0.createdAt.secondsSince1970) }),
            Metric(
                .gauge, "secrets_distributor_mount_files", "Source files of the mount.",
                by: [
                    (["state": "readable"], Double(mount.files - mount.failedFiles)),
                    (["state": "failed"], Double(mount.failedFiles)),
                ]),
        ]
    }

    /// The maximum number of namespaces with their own queue metrics.
    private static let namedNamespaces = 10

    private var queueMetrics: [Metric] {
        let backlogs = worker.read { $0.backlogs(atMost: Self.namedNamespaces) }.filter { !$0.group.isEmpty }
        return [
            Metric(
                .gauge, "secrets_distributor_queue_namespace_depth",
                "Due Secrets and statuses of the ten namespaces that wait longest.",
                by: backlogs.map { (["namespace": $0.group], Double($0.due)) }),
            Metric(
                .gauge, "secrets_distributor_queue_namespace_oldest_unfinished_seconds",
                "For how long the oldest work of a namespace has been unfinished, of the ten that wait longest.",
                by: backlogs.map { (["namespace": $0.group], $0.oldest.duration(to: .now) / .seconds(1)) }),
            Metric(
                .gauge, "secrets_distributor_queue_depth", "Secrets and statuses that are due.",
                Double(worker.read { $0.depth })),
            Metric(
                .gauge, "secrets_distributor_queue_in_flight", "Secrets and statuses being processed.",
                Double(worker.read { $0.inFlight })),
            Metric(
                .gauge, "secrets_distributor_queue_waiting",
                "Secrets and statuses that wait for a retry, a requeue or a policy evaluation.",
                Double(worker.read { $0.retrying })),
            Metric(
                .counter, "secrets_distributor_queue_retries_total", "Retries after a failure.",
                Double(worker.retries)),
            Metric(
                .gauge, "secrets_distributor_queue_oldest_unfinished_seconds",
                "For how long the oldest work has been unfinished, retries included; 0 if all is done.",
                worker.read { $0.oldest }.map { $0.duration(to: .now) / .seconds(1) } ?? 0),
        ]
    }
}

extension Timestamp {
    fileprivate var secondsSince1970: Double { Double(seconds) + Double(nanoseconds) / 1e9 }
}
