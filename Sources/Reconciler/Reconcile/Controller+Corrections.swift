import Distribution
import Planning

/// Corrects changes by other writers, and detects servers that store something other than what was sent.
extension Controller {
    /// Why a write must wait; nil if it may be sent.
    @inline(never)
    func pause(before desired: DesiredTarget, _ actual: ObservedTarget?) -> Comparison? {
        let (desiredHash, now) = (desired.fingerprint, self.now)
        if let actual, let alteration = drift.alteration(of: actual, desiredHash: desiredHash, at: now) {
            return .status(
                DistributionStatus(reason: .writeFailed, message: alteration.message), again: alteration.lasts)
        }
        guard let wait = drift.wait(for: desired.key, desiredHash: desiredHash, at: now) else { return nil }
        let manager = drift.contention(of: desired.key, at: now)?.manager
        return .status(contested(desired.key, by: manager), again: wait)
    }

    func contested(_ target: ObjectKey, by manager: String?) -> DistributionStatus {
        let who = manager.map { "Field manager \"\($0)\"" } ?? "Another writer"
        return DistributionStatus(
            reason: .writeFailed,
            message: "\(who) keeps changing what this distribution sets in Secret \(target.name); corrections are"
                + " limited to one a minute.")
    }

    /// How long the removal or release of a target must wait; nil if it is allowed now.
    func pauseBeforeRemoval(of target: ObjectKey) -> Duration? {
        drift.wait(for: target, desiredHash: DriftTracker.removal, at: now)
    }

    /// Whether other writers keep restoring a target that was removed or released: a phrase for messages, and how long
    /// the target stays contested.
    func restoration(of target: ObjectKey) -> (text: String, lasts: Duration)? {
        guard let contest = drift.restoration(of: target, at: now) else { return nil }
        let writer = contest.manager.map { "field manager \"\($0)\"" } ?? "another writer"
        let text = "\(writer) restores it again and again; it is removed or released at most once a minute meanwhile"
        return (text, contest.lasts)
    }

    /// Counts a write or a removal that corrected another writer's change.
    ///
    /// - Parameters:
    ///   - version: of the Secret that was written; nil if it was removed.
    ///   - desiredHash: the fingerprint of the desired target.
    @inline(never)
    func corrected(_ key: ObjectKey, to version: String?, desiredHash: Int, hadForeignChange: Bool) {
        targetRecords.changedByOthers[key] = nil
        if drift.recordWrite(key, desiredHash: desiredHash, hadForeignChange: hadForeignChange, at: now) {
            counts.corrections += 1
        }
        // The Secret changed again before the response arrived.
        if let known = cache.targets[key], known.resourceVersion != version {
            drift.recordForeignChange(key, by: known.changedBy, at: now)
            markChanged(key)
        }
    }

    /// The result for the distribution if the server stored something other than what was sent; nil if it did not.
    ///
    /// - Parameter wasImmutable: the Secret was immutable before the write.
    @inline(never)
    func alteration(_ desired: DesiredTarget, _ stored: ObservedTarget, wasImmutable: Bool) -> Comparison? {
        guard let differences = desired.differences(from: stored, wasImmutable: wasImmutable), drift.isWatching
        else { return nil }
        let message =
            "The API server stored Secret \(desired.key.name) differently: \(differences);"
            + " a mutating webhook may have changed it."
        drift.alter(
            stored, desiredHash: desired.fingerprint, message: message,
            isMadeImmutable: stored.isImmutable && !wasImmutable,
            at: now)
        let again = drift.alteration(of: stored, desiredHash: desired.fingerprint, at: now)?.lasts
        return .status(DistributionStatus(reason: .writeFailed, message: message), again: again)
    }

    /// The result for the distribution if the server made its Secret immutable; nil if it did not.
    @inline(never)
    func immutability(of target: ObservedTarget) -> Comparison? {
        guard let message = drift.immutability(of: target) else { return nil }
        return .status(DistributionStatus(reason: .writeFailed, message: message))
    }
}
