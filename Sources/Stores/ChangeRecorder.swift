package import Distribution
import LinuxIO
package import Observability
package import Planning

/// How targets differ from what they were before they were written; in a dry run, from what they would be.
///
/// Each difference is logged once, and again only when it is another one.
package final class ChangeRecorder: Sendable {
    private struct Entry {
        let change: Change
        let before: ObservedTarget?
        let after: ObservedTarget?
        /// It was found anew since the targets were last listed.
        var isFresh = true
    }

    private let entries = Mutex<[ObjectKey: Entry]>([:])
    private let logger: Logger

    package init(logger: Logger) { self.logger = logger }

    /// Sorted by target.
    package var changes: [Change] {
        entries.withLock { $0.values.map(\.change) }.sorted { $0.secret < $1.secret }
    }

    /// Whether `target` is as it was written last, or would have been.
    func wrote(_ target: ObservedTarget) -> Bool { entries.withLock { $0[target.key]?.after == target } }

    /// Takes down a write.
    ///
    /// - Parameters:
    ///   - before: nil if there was no such Secret.
    ///   - after: nil if it was removed.
    func note(_ key: ObjectKey, from before: ObservedTarget?, to after: ObservedTarget?) {
        let (old, new) = entries.withLock { entries in
            let last = entries[key]
            // Two writes are one difference.
            let before = if let last, last.after == before { last.before } else { before }
            let change = Change(of: key, from: before, to: after)
            entries[key] = change.map { Entry(change: $0, before: before, after: after) }
            return (last?.change, change)
        }
        guard old != new else { return }
        if let new { log(new) } else { logEnd(key) }
    }

    /// The target is `target` now, nil for none, by no write of ours: the difference may be gone.
    func saw(_ key: ObjectKey, _ target: ObservedTarget?) {
        let isGone = entries.withLock { entries in
            guard let entry = entries[key] else { return false }
            var after = entry.after
            // Somebody else has made it.
            if entry.change.kind == .create, let target { after?.uid = target.uid }
            guard Change(of: key, from: target, to: after) == nil else { return false }
            entries[key] = nil
            return true
        }
        if isGone { logEnd(key) }
    }

    /// The targets of `scope` are these now. Whatever still differs is found anew before they are listed the next time.
    func saw(_ targets: [ObservedTarget], in scope: Scope) {
        for target in targets { saw(target.key, target) }
        let ended = entries.withLock { entries in
            let keys = entries.keys.filter { scope.contains($0.namespace) }
            let stale = keys.filter { entries[$0]?.isFresh == false }
            for key in keys { entries[key]?.isFresh = false }
            for key in stale { entries[key] = nil }
            return stale
        }
        ended.sorted().forEach(logEnd)
    }

    /// Logs what it came to when all had been looked at.
    package func sumUp(_ outcomes: [ObjectKey: DistributionStatus]) {
        let changes = changes
        let differing = Set(changes.compactMap(\.distribution))
        let heldBack = outcomes.filter { $0.value.reason != .synced }
        logger.info(
            "dry run summed up",
            [
                "wouldWrite": .int(changes.count), "ofTheseContent": .int(changes.count(where: \.changesContent)),
                "inSync": .int(outcomes.count { heldBack[$0.key] == nil && !differing.contains($0.key) }),
                "heldBack": .int(heldBack.count),
            ])
    }
}

extension ChangeRecorder {
    private func log(_ change: Change) {
        let message: StaticString =
            switch change.kind {
            case .create: "would create secret"
            case .update where !change.changesContent: "would update metadata of secret"
            case .update: "would update secret"
            case .replace: "would replace secret"
            case .remove: "would remove secret"
            case .release: "would release secret"
            }
        logger.info(
            message,
            [
                "secret": .string(change.secret.description),
                "distribution": .string(change.distribution?.description ?? ""), "addedKeys": .strings(change.added),
                "changedKeys": .strings(change.changed), "removedKeys": .strings(change.removed),
                "labels": .strings(change.labels), "annotations": .strings(change.annotations),
            ])
    }

    private func logEnd(_ key: ObjectKey) {
        logger.info("secret needs no write any more", ["secret": .string(key.description)])
    }
}
