import Distribution
import Observability
import Planning
import Snapshots

/// How rotations fare: one line in the log for each, and the times.
extension Controller {
    /// How many files a line in the log names.
    private static let namedFiles = 20

    func rotated(to new: Snapshot, _ changed: Set<String>, _ targets: Set<ObjectKey>) {
        guard !isFollowing else { return }
        let now = ContinuousClock.now
        let noticedAt = new.noticedAt ?? now
        // The clocks of file systems and of this process are one; a step of it in between shows as no time at all.
        let createdAt = new.createdAt(of: changed)
        let lag = createdAt.duration(to: .now()) - noticedAt.duration(to: now)
        let ours = targets.filter { !cache.index.contenders(for: $0).isEmpty }
        let rotation = Rotation(
            generation: new.generation(of: changed), changedAt: createdAt, files: changed.sorted(), targets: ours.count)
        let ended = rotations.begin(rotation, targets: ours, noticedAt: noticedAt, lag: lag, now: now)
        for rotation in ended { log(rotation) }
    }

    /// A target is as it should be, or stays as it was.
    ///
    /// - Parameter seen: the number of the rotation whose content it was compared with.
    func settle(_ target: ObjectKey, _ result: Rotation.Result, seeing seen: Int) {
        let (latency, ended) = rotations.settle(target, result, seeing: seen, at: .now)
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
            logger.info("rotation rehearsed", fields)
        } else if rotation.isSuperseded {
            logger.warning("rotation superseded before all targets had it", fields)
        } else if rotation.heldBack > 0 {
            logger.warning("rotation distributed, but some targets are held back", fields)
        } else {
            logger.info("rotation distributed", fields)
        }
    }
}

extension DistributionStatus {
    /// What it means for the rotation that had the target looked at.
    var rotationResult: Rotation.Result {
        guard reason == .synced else { return .heldBack }
        return contentChanged ? .written : .unchanged
    }
}
