package import Distribution
import LinuxIO
package import Observability
package import Planning

/// Records how writes change targets; in a dry run, how they would change them.
///
/// Each difference is logged once, and again only when it changes.
package final class ChangeRecorder: Sendable {
    private struct Entry {
        let change: Change
        let before: ObservedTarget?
        let after: ObservedTarget?
        /// Whether it was recorded after the targets were last listed.
        var isFresh = true
    }

    private let entries = Mutex<[ObjectKey: Entry]>([:])
    private let logger: Logger

    package init(logger: Logger) { self.logger = logger }

    /// Sorted by target.
    package var changes: [Change] {
        entries.withLock { $0.values.map(\.change) }.sorted { $0.secret < $1.secret }
    }

    /// Whether `target` equals the result of the last write; in a dry run, of the last simulated write.
    func wrote(_ target: ObservedTarget) -> Bool { entries.withLock { $0[target.key]?.after == target } }

    /// Records a write.
    ///
    /// - Parameters:
    ///   - before: nil if there was no such Secret.
    ///   - after: nil if it was removed.
    func record(_ key: ObjectKey, from before: ObservedTarget?, to after: ObservedTarget?) {
        let (old, new) = entries.withLock { entries in
            let last = entries[key]
            // Combine consecutive writes into one difference.
            let before = if let last, last.after == before { last.before } else { before }
            let change = Change(of: key, from: before, to: after)
            entries[key] = change.map { Entry(change: $0, before: before, after: after) }
            return (last?.change, change)
        }
        guard old != new else { return }
        if let new { log(new) } else { logEnd(key) }
    }

    /// Records what is stored now; nil if nothing is. Drops the difference if none is left.
    func observe(_ key: ObjectKey, _ target: ObservedTarget?) {
        let isGone = entries.withLock { entries in
            guard let entry = entries[key] else { return false }
            var after = entry.after
            // Another writer has created it.
            if entry.change.kind == .create, let target { after?.uid = target.uid }
            guard Change(of: key, from: target, to: after) == nil else { return false }
            entries[key] = nil
            return true
        }
        if isGone { logEnd(key) }
    }

    /// Records a list of the targets of `scope`. Differences that are not recorded again before the next list are
    /// removed.
    func observe(_ targets: [ObservedTarget], in scope: Scope) {
        for target in targets { observe(target.key, target) }
        let ended = entries.withLock { entries in
            let keys = entries.keys.filter { scope.contains($0.namespace) }
            let stale = keys.filter { entries[$0]?.isFresh == false }
            for key in keys { entries[key]?.isFresh = false }
            for key in stale { entries[key] = nil }
            return stale
        }
        ended.sorted().forEach(logEnd)
    }

    /// Logs the summary of a dry run when all targets were processed.
    package func logSummary(_ outcomes: [ObjectKey: DistributionStatus]) {
        let changes = changes
        let differing = Set(changes.compactMap(\.distribution))
        let heldBack = outcomes.filter { $0.value.reason != .synced }
        logger.info(
            "dry run summary",
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
        logger.info("secret no longer needs a write", ["secret": .string(key.description)])
    }
}
