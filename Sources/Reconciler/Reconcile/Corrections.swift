import Distribution
import Planning

/// Corrects changes by other writers, and detects servers that store something other than what was sent.
extension Controller {
    /// Why a write must wait; nil if it may be sent.
    func pause(before desired: DesiredTarget, _ actual: ObservedTarget?) -> Comparison? {
        let (wish, now) = (desired.fingerprint, ContinuousClock.now)
        if let actual, let alteration = contention.alteration(of: actual, wish: wish, at: now) {
            return .status(
                DistributionStatus(reason: .writeFailed, message: alteration.message), again: alteration.lasts)
        }
        guard let wait = contention.wait(for: desired.key, wish: wish, at: now) else { return nil }
        let manager = contention.contest(of: desired.key, at: now)?.manager
        return .status(contested(desired.key, by: manager), again: wait)
    }

    func contested(_ target: ObjectKey, by manager: String?) -> DistributionStatus {
        let who = manager.map { "Field manager \"\($0)\"" } ?? "Another writer"
        return DistributionStatus(
            reason: .writeFailed,
            message: "\(who) keeps changing what this distribution sets in Secret \(target.name); corrections are"
                + " limited to one a minute.")
    }

    /// Counts a write that corrected another writer's change.
    func corrected(_ stored: ObservedTarget, _ wish: DesiredTarget, hadForeignChange: Bool) {
        let key = wish.key
        if contention.wrote(key, wish: wish.fingerprint, hadForeignChange: hadForeignChange, at: .now) {
            counts.corrections += 1
        }
        // The Secret changed again before the response arrived.
        if let known = cache.targets[key], known.resourceVersion != stored.resourceVersion {
            contention.recordForeignChange(key, by: known.changedBy, at: .now)
        }
    }

    /// The result for the distribution if the server stored something other than what was sent; nil if it did not.
    func alteration(_ desired: DesiredTarget, _ stored: ObservedTarget) -> Comparison? {
        guard let differences = desired.differences(from: stored), contention.isWatching else { return nil }
        let message =
            "The API server stored Secret \(desired.key.name) differently: \(differences);"
            + " a mutating webhook may have changed it."
        contention.alter(stored, wish: desired.fingerprint, message: message, at: .now)
        let again = contention.alteration(of: stored, wish: desired.fingerprint, at: .now)?.lasts
        return .status(DistributionStatus(reason: .writeFailed, message: message), again: again)
    }
}
