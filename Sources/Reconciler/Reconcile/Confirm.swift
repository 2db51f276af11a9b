import Distribution
import Planning
import Stores

/// Distributions are read again where a lagging cache could do harm.
extension Controller {
    /// Before a write: reads the distribution if what is known of it may be out of date. After a restore of etcd the Secrets
    /// may be listed first, and what a distribution that was lost asks for would stay for good.
    ///
    /// - Returns: whether what was planned by it still holds; if not, the cache was corrected.
    /// - Throws: if it cannot be read, until that has lasted; then what is known has to do.
    func confirm(_ known: SecretsDistribution) async throws(StoreError) -> Bool {
        let key = known.key
        let (mayLag, isStale) = cache.distributionsMayLag(in: key.namespace)
        guard mayLag else { return true }
        let generation = cache.mount.snapshot?.generation
        let response: SecretsDistribution?
        do {
            response = try await distributions.current(key)
        } catch {
            if case .forbidden = error { return true }
            if isStale { return true }
            throw error
        }
        // That it is gone only a list or an event can say: a server that has just started may not know the resource yet.
        guard let current = response else {
            throw .unavailable("SecretsDistribution \(key) is not there any more", retryAfter: nil)
        }
        // Unless an event has come meanwhile.
        if current.uid != known.uid || current.resourceVersion != known.resourceVersion,
            cache.index.distributions[key]?.resourceVersion == known.resourceVersion
        {
            replace(current)
        }
        guard let now = cache.index.distributions[key] else { return false }
        return now.uid == known.uid && now.spec == known.spec && isOurs(now) && denial(of: now) == nil
            && cache.mount.snapshot?.generation == generation
    }

    /// Reads a distribution and takes the response over.
    func readDistribution(_ key: ObjectKey) async throws(StoreError) -> SecretsDistribution? {
        var known: SecretsDistribution?
        var response: SecretsDistribution?
        // A response from before the distribution was deleted may arrive after the event of the deletion.
        repeat {
            known = cache.index.distributions[key]
            response = try await distributions.current(key)
        } while response != nil && known != nil && cache.index.distributions[key] == nil
        // Only if it is new: it queues keys.
        if let response, response != cache.index.distributions[key] {
            take(cache.take(response, sharing: statuses.outcomes))
        }
        return response
    }

    /// A response is the truth, whatever its version.
    private func replace(_ distribution: SecretsDistribution) {
        take(cache.take(distribution, isTruth: true, sharing: statuses.outcomes))
    }

    /// Takes over a distribution whose status was written or read.
    ///
    /// - Parameter known: the one that the status was written to. In local mode no version says which of two is newer: then
    ///   an edit that came meanwhile stays.
    func takeStored(_ distribution: SecretsDistribution, after known: SecretsDistribution?) {
        if let known, let now = cache.index.distributions[known.key], now != known, !now.isOlder(than: distribution) {
            return
        }
        var change = CacheChange()
        let targets = cache.take(distribution, sharing: statuses.outcomes[distribution.key], &change)
        take(change)
        enqueue(targets)
    }
}
