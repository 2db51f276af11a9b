package import Distribution
package import Kube
package import MountWatch
package import Planning
import Scheduling
import Snapshots

/// What the controller hears: the mount, distributions, targets. It changes what is known and puts keys into the queue.
extension Controller {
    /// The mount was read. Absence changes nothing: the last generation stays.
    package func mount(_ reading: MountReading) {
        defer { noteStart() }
        let isFirst = !mountWasRead
        mountWasRead = true
        switch reading {
        case .absent(let reason):
            absence = reason
            if isFirst { enqueueAll() }
        case .lost(let reason):
            absence = reason
            // Statuses have to say it.
            if isFirst || !isMountLost { enqueueAll() }
            isMountLost = true
        case .snapshot(let new):
            let changed = new.changedPaths(since: snapshot)
            let old = snapshot
            absence = nil
            noteVolumes(of: new, after: old)
            snapshot = new
            mountDigests = nil
            generations.append(new.generation)
            newerGenerations.forget(changed)
            pairs = CertificateCheckCache()
            guard !isFirst, old != nil else { return enqueueAll() }
            let targets = index.targets(
                reading: changed, folders: changed.filter { new.isFailed($0) || old?.isFailed($0) == true })
            if !changed.isEmpty { rotated(to: new, changed, targets) }
            enqueue(targets.union(ahead.keys))
        }
    }

    /// Logs what is written file by file, and has the statuses say what gets no generation any more.
    private func noteVolumes(of new: Snapshot, after old: Snapshot?) {
        let plain = new.plainVolumes
        if plain != old?.plainVolumes ?? [], !plain.isEmpty {
            logger.warning(
                "files are written one by one, not a generation at a time: a Secret can hold a mixture of old and new",
                ["volumes": .strings(plain)])
        }
        let lost = Set(new.volumes.filter(\.value.isLost).keys)
        if isMountLost || lost != Set(old?.volumes.filter(\.value.isLost).keys ?? [:].keys) { enqueueAll() }
        isMountLost = false
    }

    /// Everything is compared: the mount is looked at, and each target.
    package func compareAll() {
        lookAtMount()
        enqueueAll()
    }

    package func distributions(_ scope: Scope, _ event: FeedEvent<SecretsDistribution>) {
        defer { noteStart() }
        switch event {
        case .upsert(let distribution):
            if scopes[scope]?.distributions.failure != nil { distributionsRecovered(scope) }
            upsert(distribution)
        case .delete(let distribution):
            guard index.distributions[distribution.key]?.uid == distribution.uid else { return }
            forget(distribution.key)
        case .replace(let all, let unreadable):
            change(scope) { $0.distributions.list(unreadable: unreadable) }
            let present = Set(all.map(\.key))
            for key in Array(index.distributions.keys) where scope.contains(key.namespace) && !present.contains(key) {
                if scopes[scope]?.distributions.mayHide(key) != true { forget(key) }
            }
            for distribution in all { replace(distribution) }
            isUntidy = true
            // The resource definition may have been replaced: learn anew what it keeps.
            definition = .current
            enqueueAll(in: scope)
        }
    }

    package func targets(_ scope: Scope, _ event: FeedEvent<ObservedTarget>) {
        defer { noteStart() }
        switch event {
        case .upsert(let target):
            targetsRecovered(scope)
            scopes[scope]?.targets.read(target.key)
            guard record(target) else { return }
            disturbed(target.key, by: target.changedBy)
            enqueue([target.key])
        case .delete(let target):
            targetsRecovered(scope)
            scopes[scope]?.targets.read(target.key)
            guard observed[target.key]?.uid == target.uid else { return }
            lost(target.key)
            disturbed(target.key, by: nil)
            enqueue([target.key])
        case .replace(let all, let unreadable):
            replace(all, in: scope)
            isUntidy = true
            change(scope) { $0.targets.list(unreadable: unreadable) }
            enqueueAll(in: scope)
        }
    }

    /// All targets of `scope`: the truth, also where its resource versions are older than what is known, as after a restore
    /// of etcd. A write of our own that came after the list stands in the events that follow it.
    func replace(_ all: [ObservedTarget], in scope: Scope) {
        let present = Set(all.map(\.key))
        for key in Array(observed.keys) where scope.contains(key.namespace) && !present.contains(key) { lost(key) }
        for target in all { keep(target) }
    }

    /// Somebody else has changed a target, or removed it, if it was not our own write whose answer is still to come.
    private func disturbed(_ target: ObjectKey, by manager: String?) {
        guard !settings.dryRun, !isFollowing, index.known(target) != nil else { return }
        contention.disturb(target, by: manager, at: .now)
    }

    private func lost(_ target: ObjectKey) {
        observed[target] = nil
        expiries[target] = nil
        ahead[target] = nil
        forcedAt[target] = nil
        forgetAwaited(target)
        forgetLeftover(target)
    }

    func upsert(_ distribution: SecretsDistribution) {
        let known = index.distributions[distribution.key]
        if let known, known.uid == distribution.uid,
            known.resourceVersion.isNewer(than: distribution.resourceVersion)
        {
            return
        }
        let affected = keep(distribution, after: known)
        if let known, isOurStatus(in: distribution, after: known) { return }
        enqueue(affected)
        if distribution.target == nil { enqueue(.status(distribution.key)) }
    }

    /// One of a list, or an answer, which is the truth whatever its version.
    func replace(_ distribution: SecretsDistribution) {
        let known = index.distributions[distribution.key]
        let isOther = known.map { $0.uid != distribution.uid } ?? false
        if isOther || known?.resourceVersion.isNewer(than: distribution.resourceVersion) == true {
            // What was written to it was lost, or written to another: it is no repetition.
            said[distribution.key] = nil
        }
        // Its former target has a distribution no more.
        enqueue(keep(distribution, after: known))
    }

    private func keep(_ distribution: SecretsDistribution, after known: SecretsDistribution?) -> Set<ObjectKey> {
        let affected = index.upsert(shared(distribution))
        if let known, known.uid == distribution.uid, known.forceSync != distribution.forceSync {
            if !forced.isSuperset(of: affected) {
                logger.info("comparison asked for", ["distribution": .string(distribution.key.description)])
            }
            forced.formUnion(affected)
        }
        return affected
    }

    /// Our own status comes back as an event. It tells nothing new, and must not cut the wait for the next try short:
    /// a server that fails in two ways by turns would be asked without end.
    private func isOurStatus(in new: SecretsDistribution, after known: SecretsDistribution) -> Bool {
        var amended = known
        amended.resourceVersion = new.resourceVersion
        amended.generation = new.generation
        amended.status = new.status
        guard amended == new, new.resourceVersion == known.resourceVersion || new.status != known.status,
            var outcome = outcomes[new.key]
        else { return false }
        outcome.contentChanged = false
        return outcome.update(of: new, on: definition, now: "") == nil
    }

    private func forget(_ key: ObjectKey) {
        outcomes[key] = nil
        unsaid[key] = nil
        said[key] = nil
        leftovers[key] = nil
        audited[key] = nil
        uncertain.remove(.status(key))
        if let uid = index.distributions[key]?.uid { secrets.forget(uid, unless: nil) }
        verdicts.forget(key)
        enqueue(index.remove(key).union(awaited.removeValue(forKey: key) ?? []))
    }

    /// Takes over what was seen or written.
    ///
    /// - Returns: whether it says something new. An event about a version before our own last write does not.
    func record(_ target: ObservedTarget) -> Bool {
        let known = observed[target.key]
        if let known, known.uid == target.uid, known.resourceVersion.isNewer(than: target.resourceVersion) {
            return false
        }
        guard known != target else { return false }
        keep(target)
        return true
    }

    /// - Parameter target: as it is now, whatever its version.
    func keep(_ target: ObservedTarget) {
        var target = target
        common.share(&target, with: observed[target.key], index.known(target.key))
        observed[target.key] = target
    }

    func record(_ distribution: SecretsDistribution) {
        guard let known = index.distributions[distribution.key], known.uid == distribution.uid,
            !known.resourceVersion.isNewer(than: distribution.resourceVersion)
        else { return }
        enqueue(index.upsert(shared(distribution)).filter { $0 != distribution.target })
    }

    private func shared(_ distribution: SecretsDistribution) -> SecretsDistribution {
        var distribution = distribution
        let key = distribution.key
        let known = index.distributions[key]
        common.share(&distribution, with: known, outcomes[key])
        if let known, known.uid != distribution.uid || known.target != distribution.target {
            secrets.forget(known.uid, unless: known.uid == distribution.uid ? distribution.target : nil)
        }
        return distribution
    }

    /// Something that a single pass could not do.
    package func fault(_ text: String) {
        if triesAtMost != nil { faults.append(text) }
    }
}

extension String {
    /// Resource versions of one object are compared as numbers (Kubernetes API, "Resource versions"); if they are none,
    /// neither is newer.
    fileprivate func isNewer(than other: String) -> Bool {
        guard let mine = UInt64(self), let theirs = UInt64(other) else { return false }
        return mine > theirs
    }
}

extension Snapshot {
    /// What the volumes are called that have no generations of their own.
    fileprivate var plainVolumes: [String] {
        volumes.filter { !$0.value.isAtomic }.keys.map(Overview.VolumeState.name).sorted()
    }
}
