import Distribution
import Planning

/// Others who change our targets, and servers that store something else than was sent.
extension Controller {
    /// Why a write has to wait; nil: it may be made.
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
        let who = manager.map { "field manager \"\($0)\"" } ?? "somebody"
        return DistributionStatus(
            reason: .writeFailed,
            message: "Secret \(target.name) is changed again and again by \(who), expected no other writer of what this"
                + " distribution sets; it is corrected at most once a minute while that goes on.")
    }

    /// Counts a write that corrected what others did.
    func corrected(_ stored: ObservedTarget, _ wish: DesiredTarget, wasDisturbed: Bool) {
        let key = wish.key
        if contention.wrote(key, wish: wish.fingerprint, wasDisturbed: wasDisturbed, at: .now) {
            counts.corrections += 1
        }
        // Changed once more before the answer came.
        if let known = observed[key], known.resourceVersion != stored.resourceVersion {
            contention.disturb(key, by: known.changedBy, at: .now)
        }
    }

    /// If the server stored something else than was sent: how the distribution fares then.
    func alteration(_ desired: DesiredTarget, _ stored: ObservedTarget) -> Comparison? {
        guard let differences = desired.differences(from: stored), !settings.dryRun else { return nil }
        let message =
            "Secret \(desired.key.name) is stored otherwise than it was sent: \(differences);"
            + " a mutating admission webhook may change it, expected none that does."
        contention.alter(stored, wish: desired.fingerprint, message: message, at: .now)
        let again = contention.alteration(of: stored, wish: desired.fingerprint, at: .now)?.lasts
        return .status(DistributionStatus(reason: .writeFailed, message: message), again: again)
    }
}
