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

    /// The same for a target that no distribution describes, or that the policy denies.
    func pauseBeforeRemoval(of target: ObjectKey) -> Duration? {
        contention.wait(for: target, wish: Contention.undescribed, at: .now)
    }

    /// Whether others keep restoring such a target: a phrase, and for how long it counts as contested.
    func restoration(of target: ObjectKey) -> (text: String, lasts: Duration)? {
        guard let contest = contention.restoration(of: target, at: .now) else { return nil }
        let who = contest.manager.map { "field manager \"\($0)\"" } ?? "somebody"
        let text =
            "is restored again and again by \(who), expected no other writer of it; that is undone at most once a"
            + " minute while it goes on"
        return (text, contest.lasts)
    }

    /// Counts a write or a removal that corrected what others did.
    ///
    /// - Parameters:
    ///   - version: what was written; nil: the target was removed.
    ///   - wish: a fingerprint of what the target should be.
    func corrected(_ key: ObjectKey, to version: String?, wish: Int, wasDisturbed: Bool) {
        if contention.wrote(key, wish: wish, wasDisturbed: wasDisturbed, at: .now) { counts.corrections += 1 }
        // Changed once more before the answer came.
        if let known = cache.targets[key], known.resourceVersion != version {
            contention.disturb(key, by: known.changedBy, at: .now)
        }
    }

    /// If the server stored something else than was sent: how the distribution fares then.
    ///
    /// - Parameter wasImmutable: before it was written.
    func alteration(_ desired: DesiredTarget, _ stored: ObservedTarget, wasImmutable: Bool) -> Comparison? {
        guard let differences = desired.differences(from: stored, wasImmutable: wasImmutable), contention.isWatching
        else { return nil }
        let message =
            "Secret \(desired.key.name) is stored otherwise than it was sent: \(differences);"
            + " a mutating admission webhook may change it, expected none that does."
        contention.alter(
            stored, wish: desired.fingerprint, message: message, madeImmutable: stored.isImmutable && !wasImmutable,
            at: .now)
        let again = contention.alteration(of: stored, wish: desired.fingerprint, at: .now)?.lasts
        return .status(DistributionStatus(reason: .writeFailed, message: message), again: again)
    }
}
