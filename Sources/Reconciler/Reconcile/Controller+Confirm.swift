import Distribution
import Planning
import Stores

/// Reads distributions again where an outdated cache could do harm.
extension Controller {
    /// The number of failures to read a distribution after which the cached one is used, if it is probably current.
    private static let triesToConfirm = 3

    /// Reads the distribution before a write of its target if the cached one may be out of date. After a restore of etcd, the
    /// Secrets may be listed first, and a write for a distribution that was lost would never be undone. And another writer
    /// who changed the target may be an agent that already knows an edit of the distribution.
    ///
    /// - Returns: whether the plan is still valid; if not, the cache was corrected.
    /// - Throws: if the distribution cannot be read. While it can be watched, a few failures are enough to use the cached
    ///   one; otherwise the cached one must be stale.
    func confirm(_ known: SecretsDistribution, of target: ObjectKey) async throws(StoreError) -> Bool {
        let key = known.key
        let (mayLag, isStale) = cache.distributionsMayLag(in: key.namespace)
        let changedAt = targetRecords.changedByOthers[target]
        guard mayLag || changedAt != nil else { return true }
        let generation = cache.mount.snapshot?.generation
        let before = cache.index[key]
        let response: SecretsDistribution?
        do {
            response = try await current(key, since: changedAt)
        } catch {
            if isStale { return true }
            switch error {
            case .forbidden: return true
            // About this one object.
            case .rejected where !mayLag, .unlistable where !mayLag: return true
            default:
                if !mayLag, worker.failures(of: .target(target)) >= Self.triesToConfirm { return true }
                throw error
            }
        }
        // Only a list or an event proves a deletion: a server that has just started may not know the resource yet.
        guard let current = response else {
            throw .unavailable("\(known.kind) \(key) no longer exists", retryAfter: nil)
        }
        if let before, let now = cache.index[key] {
            if !now.isSameVersion(as: before) {
                storeRead(current, after: before)
            } else if !now.isSameVersion(as: current) {
                replace(current)
            }
        }
        return isCurrent(known) && denial(of: known) == nil && cache.mount.snapshot?.generation == generation
    }

    /// Whether the cached version of a distribution describes the same target.
    @inline(never)
    func isCurrent(_ known: SecretsDistribution) -> Bool {
        guard let now = cache.index.current(known) else { return false }
        return now.uid == known.uid && now.target == known.target && now.spec == known.spec && isOurs(now)
    }

    /// Reads a distribution. Thousands of targets of a cluster distribution share one response.
    ///
    /// - Parameter changedAt: a shared response must have been requested later; nil if any will do.
    private func current(
        _ key: ObjectKey, since changedAt: ContinuousClock.Instant? = nil
    ) async throws(StoreError) -> SecretsDistribution? {
        guard key.namespace.isEmpty else { return try await distributions.current(key) }
        if let recent = recentReads.response(for: key, at: now, since: changedAt) { return recent }
        let (events, start) = (recentReads.events, now)
        let response = try await distributions.current(key)
        recentReads.keep(response, for: key, since: events, requestedAt: start, at: now)
        return response
    }

    /// Stores a response, unless events that arrived during the request show another object of this name: it may be the
    /// newer one.
    ///
    /// - Returns: whether the response was used.
    @inline(never)
    @discardableResult
    private func storeRead(_ response: SecretsDistribution, after before: SecretsDistribution?) -> Bool {
        let now = cache.index[response.key]
        guard now?.uid == before?.uid || now?.uid == response.uid else { return false }
        carryOut(cache.store(response, sharing: statuses.outcomes))
        return true
    }

    /// Reads a distribution and stores the response in the cache.
    func readDistribution(_ key: ObjectKey) async throws(StoreError) -> SecretsDistribution? {
        var known: SecretsDistribution?
        var response: SecretsDistribution?
        // A response from before the distribution was deleted may arrive after the event of the deletion.
        repeat {
            known = cache.index[key]
            response = try await current(key)
        } while response != nil && known != nil && cache.index[key] == nil
        // Only if it changed: `carryOut` queues keys.
        if let response, response != cache.index[key], !storeRead(response, after: known) {
            throw .changed("\(response.kind) \(key) was recreated meanwhile")
        }
        return response
    }

    /// Reads a namespace and stores the response in the cache.
    func readNamespace(_ name: String) async throws(StoreError) {
        guard let namespace = try await distributions.namespace(name) else { return }
        carryOut(cache.store(namespace))
    }

    /// Stores a response regardless of its resource version.
    @inline(never)
    private func replace(_ distribution: SecretsDistribution) {
        carryOut(cache.store(distribution, isAuthoritative: true, sharing: statuses.outcomes))
    }

    /// Stores a distribution whose status was written or read.
    ///
    /// - Parameter known: the version that the status was written to. In local mode no resource version shows which of
    ///   two is newer, so an edit that arrived in the meantime is kept.
    @inline(never)
    func storeResponse(_ distribution: SecretsDistribution, after known: SecretsDistribution?) {
        if let known, let now = cache.index[known.key], now != known, !now.isOlder(than: distribution) {
            return
        }
        if distribution.isCluster { recentReads.handleEvent() }
        var change = CacheChange()
        let targets = cache.store(distribution, sharing: statuses.outcomes[distribution.key], &change)
        carryOut(change)
        enqueue(targets)
    }
}

/// The last responses about cluster distributions, each of which has thousands of targets. A response is used again for a
/// second, unless an event about a cluster distribution has arrived since it was requested. A value.
struct RecentReads: Sendable {
    private struct Read {
        let response: SecretsDistribution?
        let requestedAt: ContinuousClock.Instant
        let arrivedAt: ContinuousClock.Instant
    }

    private static let age: Duration = .seconds(1)
    private var reads: [ObjectKey: Read] = [:]
    /// The number of events so far.
    private(set) var events = 0

    /// Forgets all responses: they may be older than what an event has shown.
    mutating func handleEvent() {
        events += 1
        reads = [:]
    }

    /// The response, or nil for a resource that does not exist; nil if there is no recent response.
    ///
    /// - Parameter earliest: when it must have been requested at the earliest.
    func response(
        for key: ObjectKey, at now: ContinuousClock.Instant, since earliest: ContinuousClock.Instant?
    ) -> SecretsDistribution?? {
        guard let read = reads[key], read.arrivedAt.duration(to: now) < Self.age else { return nil }
        if let earliest, read.requestedAt < earliest { return nil }
        return .some(read.response)
    }

    /// - Parameter count: `events` when the response was requested.
    mutating func keep(
        _ response: SecretsDistribution?, for key: ObjectKey, since count: Int,
        requestedAt start: ContinuousClock.Instant, at now: ContinuousClock.Instant
    ) {
        guard count == events else { return }
        reads = reads.filter { $0.value.arrivedAt.duration(to: now) < Self.age }
        // Of two requests at a time, keep the response to the later one.
        if let known = reads[key], known.requestedAt > start { return }
        reads[key] = Read(response: response, requestedAt: start, arrivedAt: now)
    }
}
