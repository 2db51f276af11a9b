package import Distribution
import Observability
import Planning
import Scheduling
import Snapshots
import Stores

/// The work for one key: compare what should be with what is, and write the difference. How it went is told by `report`,
/// what becomes of a target that nobody describes by `prune` (their own files).
extension Controller {
    typealias Outcome = WorkQueue<WorkItem, ContinuousClock.Instant>.Outcome

    func reconcile(_ item: WorkItem) async -> Outcome {
        switch item {
        case .status(let key):
            if let distribution = index.distributions[key], distribution.target == nil, isOurs(distribution),
                let refusal = distribution.refusal
            {
                report(DistributionStatus(refusal), on: distribution, isOwnTurn: true)
            }
            return await say(key)
        case .target(let key):
            let claimants = index.claimants(of: key).filter { !$0.isBeingDeleted }
            guard !claimants.isEmpty else {
                leave(key)
                return await prune(key)
            }
            forgetLeftover(key)
            let ours = claimants.filter(isOurs)
            guard let winner = ours.first else {
                leave(key)
                return .done
            }
            for loser in ours.dropFirst() {
                let refusal = Refusal(
                    .targetConflict,
                    "Secret \(key.name) belongs to SecretsDistribution \(winner.key.name), which is older; expected a"
                        + " spec.name of its own.")
                report(DistributionStatus(refusal), on: loser)
            }
            return await sync(key, for: winner)
        }
    }

    /// No distribution of ours describes it.
    private func leave(_ key: ObjectKey) {
        expiries[key] = nil
        ahead[key] = nil
        newerGenerations.forget(key)
        contention.forget(key)
        forced.remove(key)
        forcedAt[key] = nil
        settle(key, .unchanged, seeing: rotations.count)
    }

    package func isOurs(_ distribution: SecretsDistribution) -> Bool {
        distribution.belongs(to: settings.managedBy, onlyAssigned: settings.onlyAssigned)
            && !distribution.isBeingDeleted
    }

    /// How soon to look again at what no event tells of: a role that changes, another owner's Secret that goes away.
    var secondLook: Outcome { .again(after: .seconds(60)) }

    private func sync(_ key: ObjectKey, for distribution: SecretsDistribution) async -> Outcome {
        // Nothing is settled, and nothing forgotten, until the policy has been asked.
        guard hasVerdict(on: distribution) else { return .held }
        let aheadSince = ahead.removeValue(forKey: key)
        var seen = rotations.count
        if let outcome = await deny(key, distribution) {
            if outcome == .held { ahead[key] = aheadSince } else { settle(key, .heldBack, seeing: seen) }
            return outcome
        }
        do throws(StoreError) {
            switch try await bringInLine(key, distribution, &seen) {
            case .behind(let refusal):
                settle(key, .heldBack, seeing: seen)
                return waitForMount(key, distribution, refusal, since: aheadSince ?? .now)
            case .unjudged:
                ahead[key] = aheadSince
                return .held
            case .status(let status, let again):
                settle(key, status.rotationResult, seeing: seen)
                report(doubt(status, of: key), on: distribution)
                if let again = [again, forcedWait(key)].compactMap({ $0 }).min() { return .again(after: again) }
                return status.reason == .notManaged ? secondLook : .done
            }
        } catch {
            if !error.isRetried { settle(key, .heldBack, seeing: seen) }
            report(DistributionStatus(error.refusal), on: distribution)
            return outcome(of: error, for: .target(key))
        }
    }

    /// Whoever asks has a Secret read no more often than this.
    private static let forcedPause: Duration = .seconds(5)

    /// When the target is to be read because somebody asks for it; nil: nobody does.
    func forcedWait(_ key: ObjectKey) -> Duration? {
        guard forced.contains(key) else { return nil }
        return forcedAt[key].map { max(.zero, ContinuousClock.now.duration(to: $0 + Self.forcedPause)) } ?? .zero
    }

    /// What came of comparing a target with what it should be.
    enum Comparison {
        /// How its distribution fares; nil, or when to look again though nothing changes.
        case status(DistributionStatus, again: Duration? = nil)
        /// Its content is newer than the mount's, so that it is another agent's to keep. With why our mount would not do,
        /// if it would not at all.
        case behind(Refusal? = nil)
        /// The policy has to be asked first.
        case unjudged
    }

    /// Plans and applies; looks again when the target was not as it was observed.
    ///
    /// - Parameter seen: becomes the number of the rotation whose content was compared.
    private func bringInLine(
        _ key: ObjectKey, _ distribution: SecretsDistribution, _ seen: inout Int
    ) async throws(StoreError) -> Comparison {
        if let failure = missingTargets(in: key.namespace) { throw failure }
        // Another owner's Secret is not in the cache; asking first spares the server a create that must fail.
        let wasForeign = outcomes[distribution.key]?.reason == .notManaged
        let isForced = forcedWait(key) == .zero
        if isForced {
            forced.remove(key)
            forcedAt[key] = .now
            contention.forgive(key)
        }
        var mayBeWritten = uncertain.remove(.target(key)) != nil
        var actual: ObservedTarget?
        do throws(StoreError) {
            let mustLook = wasForeign || isForced || mayBeWritten || isUnlisted(key)
            actual = mustLook ? try await lookAgain(key) : observed[key]
        } catch {
            if isForced {
                forced.insert(key)
                forcedAt[key] = nil
            }
            if mayBeWritten { uncertain.insert(.target(key)) }
            throw error
        }
        var lastChange: StoreError?
        for attempt in 1...3 {
            // Policy and mount may have changed while the target was looked at.
            guard hasVerdict(on: distribution) else {
                if mayBeWritten { uncertain.insert(.target(key)) }
                return .unjudged
            }
            if let refusal = denial(of: distribution) { return .status(DistributionStatus(refusal)) }
            seen = rotations.count
            let desired: DesiredTarget
            do {
                desired = try DesiredTarget(
                    distribution, from: snapshot, managedBy: settings.managedBy, pairs: &pairs)
            } catch {
                // What a mount that is behind lacks, the newer one may have; the distribution itself no mount can fix.
                let isOurs = distribution.refusal != nil || !isAhead(actual)
                return isOurs ? .status(DistributionStatus(error)) : .behind(error)
            }
            do throws(StoreError) {
                return try await bringInLine(desired, distribution, actual, mayBeWritten: mayBeWritten)
            } catch {
                switch error {
                case .changed: break
                case .unknownOutcome(_, let retryAfter):
                    uncertain.insert(.target(key))
                    mayBeWritten = true
                    logger.debug(
                        "write has no answer, the Secret will be looked at",
                        ["secret": .string(key.description), "error": .string(error.description)])
                    guard (retryAfter ?? .zero) <= Self.shortWait.longest else { throw error }
                    try? await Task.sleep(for: Self.shortWait.delay(failures: attempt, jitter: .random(in: 0...1)))
                default: throw error
                }
                lastChange = error
            }
            actual = try await lookAgain(key)
            uncertain.remove(.target(key))
        }
        throw lastChange ?? .changed("Secret \(key) changes all the time")
    }

    /// - Parameters:
    ///   - actual: the target as it was last seen; nil if there is none.
    ///   - mayBeWritten: the answer to a write was lost; if the target is in line, that wrote it.
    /// - Throws: `.changed` if it is another by now.
    private func bringInLine(
        _ desired: DesiredTarget, _ distribution: SecretsDistribution, _ actual: ObservedTarget?, mayBeWritten: Bool
    ) async throws(StoreError) -> Comparison {
        let newer = newerContent(actual, than: desired, distribution)
        let review = TargetReview(
            of: desired, by: distribution.spec, over: actual, pairs: &pairs, now: Timestamp.now())
        var plan = Plan(desired: desired, observed: actual, managedBy: settings.managedBy, held: review.refusal)
        if newer.isNewer {
            switch plan {
            // What does not fit in a mount that is behind may fit in the newer one.
            case .refuse(let refusal): return .behind(refusal)
            case .update(let old, let patch):
                let kept = patch.keeping(
                    newer, by: distribution.spec, generation: old.mountGeneration, behind: volumesBehind(old))
                if kept.isEmpty { return .behind() }
                plan = .update(old, kept)
            case .recreate: return .behind()
            case .create, .unchanged: break
            }
        }
        if plan.isWrite {
            if let pause = pause(before: desired, actual) { return newer.isNewer ? .behind() : pause }
            guard try await confirm(distribution) else { throw .changed("What is known was changed meanwhile") }
        }
        let stored: ObservedTarget
        var isContentWritten = true
        switch plan {
        case .unchanged:
            contention.settle(desired.key, at: .now)
            return synced(distribution, desired, actual, review, written: mayBeWritten)
        case .refuse(let refusal): return .status(DistributionStatus(refusal))
        case .create(let target):
            stored = try await write(.created, "secret created", desired) { () async throws(StoreError) in
                try await secrets.create(target)
            }
        case .update(let old, let patch):
            isContentWritten = patch.changesContent
            stored = try await write(.updated, "secret updated", desired) { () async throws(StoreError) in
                try await secrets.update(old, patch)
            }
            if newer.isNewer { return .behind() }
        case .recreate(let old, let target):
            stored = try await write(.replaced, "secret replaced", desired) { () async throws(StoreError) in
                try await secrets.recreate(old, as: target)
            }
        }
        return alteration(desired, stored)
            ?? synced(distribution, desired, stored, review, written: isContentWritten)
    }

    /// What the target holds that our mount does not: nothing unless its generation is newer by name.
    private func newerContent(
        _ actual: ObservedTarget?, than desired: DesiredTarget, _ distribution: SecretsDistribution
    ) -> NewerContent {
        guard let actual, isAhead(actual) else {
            newerGenerations.forget(desired.key)
            return NewerContent()
        }
        // Without a status subresource each status raises the generation.
        let reported = definition.hasStatusSubresource ? distribution.status.observedGeneration : nil
        let behind = volumesBehind(actual)
        return newerGenerations.compare(
            actual, with: desired, by: distribution.spec,
            isAmended: reported.map { $0 != distribution.generation } ?? false,
            isBehind: { [snapshot] in behind.contains(snapshot?.volume(of: $0.text) ?? "") },
            held: { digestsOfMount() })
    }

    private func volumesBehind(_ target: ObservedTarget) -> Set<String> {
        generations.volumesBehind(target.mountGeneration, now: .now())
    }

    /// Digests of all that the mount holds, found out once for each snapshot: a Secret may say of itself that it is newer.
    private func digestsOfMount() -> Set<Digest> {
        if let known = mountDigests { return known }
        let digests = Set(
            (snapshot?.files ?? [:]).values.compactMap { file -> Digest? in
                if case .content(_, let digest) = file { digest } else { nil }
            })
        mountDigests = digests
        return digests
    }

    /// Its content came from a generation that is newer than ours, by its name.
    func isAhead(_ target: ObservedTarget?) -> Bool {
        guard let target, target.managedBy == settings.managedBy else { return false }
        return generations.isBehind(target.mountGeneration, now: .now())
    }

    func lookAgain(_ key: ObjectKey) async throws(StoreError) -> ObservedTarget? {
        var before: ObservedTarget?
        var found: ObservedTarget?
        // An answer that was given before the Secret was deleted may arrive after the event of the deletion.
        repeat {
            before = observed[key]
            found = try await secrets.observe(key)
        } while found != nil && before != nil && observed[key] == nil
        contention.name(found?.changedBy, at: key)
        if let found, found.labels[WellKnownKeys.managedByLabel] == settings.managedBy {
            // It is the truth, unless an event came meanwhile.
            if observed[key] == before { keep(found) } else { _ = record(found) }
        } else {
            // Without our label no watch would keep it up to date.
            observed[key] = nil
            forgetAwaited(key)
        }
        return found
    }

    /// Performs a write, counts how it went, and takes over what came of it.
    ///
    /// - Parameter wish: what the target should be; nil if nothing describes it any more.
    func write(
        _ kind: ControllerCounts.Write, _ message: StaticString, _ wish: DesiredTarget? = nil,
        _ body: () async throws(StoreError) -> ObservedTarget
    ) async throws(StoreError) -> ObservedTarget {
        let target: ObservedTarget
        let wasDisturbed = wish.map { contention.isDisturbed($0.key) } ?? false
        do throws(StoreError) {
            target = try await body()
        } catch {
            failed(error)
            throw error
        }
        _ = record(target)
        // The rehearsal says what would be.
        guard !settings.dryRun else { return target }
        counts.writes[kind, default: 0] += 1
        if let wish { corrected(target, wish, wasDisturbed: wasDisturbed) }
        logger.info(
            message,
            [
                "secret": .string(target.key.description), "keys": .int(target.digests.count),
                "generation": .string(target.mountGeneration ?? ""),
            ])
        return target
    }

    /// A write has failed; in a dry run it was a read, and who does not lead any more has not sent it.
    private func failed(_ error: StoreError) {
        if !settings.dryRun, !isFollowing { counts.count(error) }
    }

    /// Removes a Secret.
    func remove(_ target: ObservedTarget) async throws(StoreError) {
        do throws(StoreError) {
            try await secrets.delete(target)
        } catch {
            failed(error)
            throw error
        }
        if !settings.dryRun { counts.writes[.removed, default: 0] += 1 }
        observed[target.key] = nil
        expiries[target.key] = nil
    }

    private func synced(
        _ distribution: SecretsDistribution, _ desired: DesiredTarget, _ actual: ObservedTarget?,
        _ review: TargetReview, written: Bool
    ) -> Comparison {
        expiries[desired.key] = desired.expiry(&pairs)
        let count = desired.data.count
        let message = "Secret \(desired.key.name) holds \(count) \(count == 1 ? "key" : "keys") from the mount."
        let remarks = review.warnings + remarks(on: distribution.key)
        let status = DistributionStatus(
            reason: .synced, message: ([message] + remarks).joined(separator: " "),
            mountGeneration: actual?.mountGeneration, contentChanged: written)
        guard let contest = contention.contest(of: desired.key, at: .now) else { return .status(status) }
        return .status(contested(desired.key, by: contest.manager), again: contest.lasts)
    }
}
