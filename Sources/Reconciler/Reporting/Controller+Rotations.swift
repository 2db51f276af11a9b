import Distribution
import Observability
import Planning
import Snapshots

/// Records rotations: a log line for each, and the latencies.
extension Controller {
    /// The maximum number of files that a log line names.
    private static let namedFiles = 20

    /// Whether targets of the newest rotation are still to be written or held back.
    package var isRotating: Bool { rotations.isInProgress }

    func rotated(to new: Snapshot, _ changed: Set<String>, _ targets: Set<ObjectKey>) {
        guard !isFollowing else { return }
        let now = self.now
        let noticedAt = new.noticedAt ?? now
        // File systems and this process use the same clock. If the clock is set back in between, the lag counts as
        // zero.
        let createdAt = new.createdAt(of: changed)
        let lag = createdAt.duration(to: .now()) - noticedAt.duration(to: now)
        let ours = targets.filter { cache.index.hasContenders(for: $0) }
        let rotation = Rotation(
            generation: new.generation(of: changed), changedAt: createdAt, files: changed.sorted(), targets: ours.count)
        let ended = rotations.begin(rotation, targets: ours, noticedAt: noticedAt, lag: lag, now: now)
        for rotation in ended { log(rotation) }
    }

    /// Records that a target is in sync or held back.
    ///
    /// - Parameter seen: the number of the rotation whose content the target was compared with.
    func recordResult(_ result: Rotation.Result, of target: ObjectKey, seeing seen: Int) {
        let (latency, ended) = rotations.record(target, result, seeing: seen, at: now)
        if let latency, !settings.dryRun {
            counts.propagation.observe(latency.propagation)
            counts.processing.observe(latency.processing)
        }
        if let ended { log(ended) }
    }

    private func log(_ rotation: Rotation) {
        let fields: Logger.Fields = [
            "generation": .string(rotation.generation),
            "paths": .strings(Array(rotation.files.prefix(Self.namedFiles))),
            "changed": .int(rotation.files.count), "targets": .int(rotation.targets),
            "written": .int(rotation.written), "unchanged": .int(rotation.unchanged),
            "heldBack": .int(rotation.heldBack), "duration": .duration(rotation.took ?? .zero),
        ]
        if settings.dryRun {
            logger.info("rotation simulated", fields)
        } else if rotation.isSuperseded {
            logger.warning("rotation superseded before it was complete", fields)
        } else if rotation.heldBack > 0 {
            logger.warning("rotation distributed, but some targets are held back", fields)
        } else {
            logger.info("rotation distributed", fields)
        }
    }
}

extension DistributionStatus {
    /// The result for the rotation that triggered the comparison.
    var rotationResult: Rotation.Result {
        guard reason == .synced else { return .heldBack }
        return contentChanged ? .written : .unchanged
    }
}
