import Distribution
import Observability
import Planning
import Stores

/// How a distribution fared: in its status, in the log, and for the result of a single pass.
extension Controller {
    /// Takes down how a distribution fared, logs a change, and has its status written if it says something new.
    ///
    /// - Parameters:
    ///   - planned: the distribution as it was when the work began. If it was amended since, nothing is reported: what was
    ///     done is not about the new one, and its key is queued again.
    ///   - isOwnKey: the status is written next, within the same turn. Queued, it would be retried without its wait.
    func report(_ status: DistributionStatus, on planned: SecretsDistribution, isOwnKey: Bool = false) {
        let key = planned.key
        guard let distribution = cache.index.distributions[key], distribution.asksTheSame(as: planned) else { return }
        log(status, of: key)
        let isToWrite = statuses.report(
            status, on: distribution, isBeingWritten: !isOwnKey && worker.isRunning(.status(key)))
        if status.reason == .synced { enqueue(remarks.settle(key)) }
        if isToWrite, !isOwnKey { enqueue(.status(key)) }
    }

    /// Writes the pending status of a distribution, and records an Event.
    func writeStatus(_ key: ObjectKey) async throws(StoreError) -> Outcome {
        guard statuses.pending[key] != nil else {
            notes.uncertain.remove(.status(key))
            return .done
        }
        if notes.uncertain.remove(.status(key)) != nil, try await isWritten(key) {
            statuses.drop(key)
            return .done
        }
        // Another one may have come while the distribution was read.
        guard let pending = statuses.pending[key] else { return .done }
        guard let distribution = cache.index.distributions[key], isOurs(distribution),
            distribution.asksTheSame(as: pending.distribution)
        else {
            statuses.drop(key)
            return .done
        }
        if !pending.isAnnounced {
            statuses.announced(key)
            dependencies.events?.record(
                pending.status, of: distribution, after: pending.last,
                keys: distribution.target.flatMap { cache.targets[$0]?.digests.count } ?? 0)
        }
        guard let next = pending.status.update(of: distribution, on: statuses.definition, now: Timestamp.now().rfc3339)
        else {
            statuses.drop(key)
            return .done
        }
        if let wait = statuses.wait(before: pending, on: distribution) { return .again(after: wait) }
        do throws(StoreError) {
            let (stored, traits) = try await distributions.write(next, to: distribution, on: statuses.definition)
            // Another of its name may be there by now, or none.
            let isSame = cache.index.distributions[key]?.uid == distribution.uid
            statuses.wrote(pending, on: distribution, traits, isSame: isSame)
            takeStored(stored, after: distribution)
            return .done
        } catch {
            if case .unknownOutcome = error { statuses.lostResponse(pending, next, on: key) }
            // Gone, or changed: its event is on the way, or was missed.
            if !error.isRetried {
                logger.warning(
                    "status cannot be written",
                    ["distribution": .string(key.description), "error": .string(error.description)])
                dependencies.reportFault("\(key): its status cannot be written: \(error.description)")
            }
            throw error
        }
    }

    /// Whether a status whose write got no response was written all the same. Its time is the one that counts; a second
    /// write would have another.
    private func isWritten(_ key: ObjectKey) async throws(StoreError) -> Bool {
        do throws(StoreError) {
            guard let current = try await distributions.current(key) else { return false }
            takeStored(current, after: nil)
            guard let unanswered = statuses.pending[key]?.unanswered else { return false }
            return current.status.statusText == unanswered.statusText
                && current.status.lastUpdated == unanswered.lastUpdated
        } catch {
            notes.uncertain.insert(.status(key))
            throw error
        }
    }

    /// The target's content is newer than our mount: the agent that wrote it speaks for it at first, and the two must not
    /// write statuses in turns. The mount's next generation has it looked at again. One that stays so is nobody's any more,
    /// perhaps (a mount that was set back, a clock that ran ahead), and then the status has to say it.
    ///
    /// - Parameter refusal: why our mount would not do.
    func waitForMount(
        _ target: ObjectKey, _ distribution: SecretsDistribution, _ refusal: Refusal?,
        since: ContinuousClock.Instant
    ) -> Outcome {
        notes.ahead[target] = since
        let behind =
            "Secret \(target.name) was written from generation \(cache.targets[target]?.mountGeneration ?? "");"
            + " the mount here holds an older one, \(cache.mount.snapshot?.generation ?? "")."
        let status = DistributionStatus(
            reason: refusal?.reason ?? .writeFailed,
            message: (refusal.map { [$0.message, behind] } ?? [behind]).joined(separator: " "))
        let left = ContinuousClock.now.duration(to: since + settings.staleMountGrace)
        guard left > .zero else {
            report(status, on: distribution)
            return notes.requestWait(target, at: .now).map { .again(after: $0) } ?? .done
        }
        log(status, of: distribution.key)
        statuses.leaveToOthers(status, on: distribution.key)
        return .again(after: min(left, notes.requestWait(target, at: .now) ?? left))
    }

    /// What the status of a distribution in sync says besides.
    func remarks(on key: ObjectKey) -> [String] {
        var sentences = remarks.sentences(on: key)
        let sources = cache.index.distributions[key]?.spec.mappings.map(\.from.text) ?? []
        if let loss = cache.mount.loss(of: sources) { sentences.append("No rotation reaches it any more: \(loss).") }
        if let error = cache.blindness(in: key.namespace) {
            sentences.append("Changes that others make to it are noticed late: \(error.description).")
        }
        return sentences
    }

    private func log(_ status: DistributionStatus, of key: ObjectKey) {
        guard statuses.isNew(status, of: key) else { return }
        if status.reason == .synced {
            // In a dry run nothing was.
            guard !settings.dryRun else { return }
            logger.debug(
                "distribution synced",
                ["distribution": .string(key.description), "detail": .string(status.message)])
        } else {
            logger.warning(
                "distribution held back",
                [
                    "distribution": .string(key.description), "reason": .string(status.reason.rawValue),
                    "detail": .string(status.message),
                ])
        }
    }
}

extension SecretsDistribution {
    /// Whether what was found out about `other` is about this one too.
    fileprivate func asksTheSame(as other: SecretsDistribution) -> Bool {
        uid == other.uid && spec == other.spec && problems == other.problems && assignedTo == other.assignedTo
    }
}
