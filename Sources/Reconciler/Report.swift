import Distribution
import Observability
import Planning
import Stores

/// How a distribution fared: in its status, in the log, and for the result of a single pass.
extension Controller {
    /// Takes down how a distribution fared, logs a change, and has its status written if it says something new.
    ///
    /// - Parameters:
    ///   - planned: the distribution as it was when the work began. If it was amended since, nothing is said: what was
    ///     done is not about the new one, and its key is in the queue again.
    ///   - isOwnTurn: the turn itself says it next. Put into the queue, it would be tried again without its wait.
    func report(_ status: DistributionStatus, on planned: SecretsDistribution, isOwnTurn: Bool = false) {
        let key = planned.key
        guard let distribution = index.distributions[key], distribution.asksTheSame(as: planned) else { return }
        log(status, of: key)
        let saying = PendingStatus(status, on: distribution, outcomes[key], after: unsaid[key])
        outcomes[key] = status
        if status.reason == .synced, let former = awaited.removeValue(forKey: key) { enqueue(former) }
        // While one is being written, what is stored is not what will stand there.
        guard
            saying.isNews || (turns[.status(key)] != nil && !isOwnTurn)
                || saying.status.update(of: distribution, on: definition, now: "") != nil
        else {
            unsaid[key] = nil
            return
        }
        unsaid[key] = saying
        if !isOwnTurn { enqueue(.status(key)) }
    }

    /// Writes the status that is to be written, and tells of it by an Event.
    func say(_ key: ObjectKey) async -> Outcome {
        guard unsaid[key] != nil else {
            uncertain.remove(.status(key))
            return .done
        }
        if uncertain.remove(.status(key)) != nil {
            do throws(StoreError) {
                if let current = try await distributions.current(key) {
                    record(current)
                    let unanswered = unsaid[key]?.unanswered
                    // The time is that of the first one; a second one would have another.
                    if let unanswered, current.status.statusText == unanswered.statusText,
                        current.status.lastUpdated == unanswered.lastUpdated
                    {
                        unsaid[key] = nil
                        return .done
                    }
                }
            } catch {
                uncertain.insert(.status(key))
                return outcome(of: error, for: .status(key))
            }
        }
        // Another one may have come while the distribution was looked at.
        guard let saying = unsaid[key] else { return .done }
        guard let distribution = index.distributions[key], isOurs(distribution),
            distribution.asksTheSame(as: saying.distribution)
        else {
            unsaid[key] = nil
            return .done
        }
        if !saying.isAnnounced {
            unsaid[key]?.isAnnounced = true
            recorder?.record(
                saying.status, of: distribution, after: saying.last,
                keys: distribution.target.flatMap { observed[$0]?.digests.count } ?? 0)
        }
        guard !settings.dryRun,
            let next = saying.status.update(of: distribution, on: definition, now: Timestamp.now().rfc3339)
        else {
            unsaid[key] = nil
            return .done
        }
        let last = said[key]
        let words = StatusThrottle(saying.status, on: distribution, definition, after: last)
        if let wait = words.wait(after: last) { return .again(after: wait) }
        do {
            let (stored, traits) = try await distributions.write(next, to: distribution, on: definition)
            definition = traits
            // Another of its name may be there by now, or none.
            if index.distributions[key]?.uid == distribution.uid { said[key] = words }
            // Unless there is something else to say by now, or the same of another generation.
            if let next = unsaid[key], next.status == saying.status,
                next.distribution.generation == saying.distribution.generation
            {
                unsaid[key] = nil
            }
            record(stored)
            return .done
        } catch {
            if case .unknownOutcome = error, unsaid[key]?.status == saying.status { unsaid[key]?.unanswered = next }
            // Gone, or changed: its event is on the way, or was missed.
            if !error.isRetried {
                logger.warning(
                    "status cannot be written",
                    ["distribution": .string(key.description), "error": .string(error.description)])
                fault("\(key): its status cannot be written: \(error.description)")
            }
            return outcome(of: error, for: .status(key))
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
        ahead[target] = since
        let behind =
            "Secret \(target.name) was written from generation \(observed[target]?.mountGeneration ?? "");"
            + " the mount here holds an older one, \(snapshot?.generation ?? "")."
        let status = DistributionStatus(
            reason: refusal?.reason ?? .writeFailed,
            message: (refusal.map { [$0.message, behind] } ?? [behind]).joined(separator: " "))
        let left = ContinuousClock.now.duration(to: since + patience)
        guard left > .zero else {
            report(status, on: distribution)
            return forcedWait(target).map { .again(after: $0) } ?? .done
        }
        unsaid[distribution.key] = nil
        log(status, of: distribution.key)
        outcomes[distribution.key] = status
        return .again(after: min(left, forcedWait(target) ?? left))
    }

    /// What the status of a distribution in line says besides.
    func remarks(on key: ObjectKey) -> [String] {
        var remarks = leftovers[key, default: [:]].sorted { $0.key < $1.key }.map(\.value)
        if let remark = audited[key] { remarks.append(remark) }
        if let loss = mountLoss(for: key) { remarks.append("No rotation reaches it any more: \(loss).") }
        if let error = blindness(in: key.namespace) {
            remarks.append("Changes that others make to it are noticed late: \(error.description).")
        }
        return remarks
    }

    /// Why the mount, or a volume in it that the distribution reads, gets no other generation; nil if it does.
    private func mountLoss(for key: ObjectKey) -> String? {
        if isMountLost { return absence }
        guard let snapshot, snapshot.volumes.values.contains(where: \.isLost) else { return nil }
        let sources = index.distributions[key]?.spec.mappings.map(\.from.text) ?? []
        return sources.lazy.compactMap { snapshot.volumes[snapshot.volume(of: $0)] }.first(where: \.isLost)?.absence
    }

    private func log(_ status: DistributionStatus, of key: ObjectKey) {
        guard outcomes[key]?.reason != status.reason || outcomes[key]?.message != status.message else { return }
        if status.reason == .synced {
            guard !settings.dryRun else { return }
            logger.info(
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
