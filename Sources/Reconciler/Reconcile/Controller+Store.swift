import Distribution
import Planning
import Stores

/// Reads and writes Secrets, and keeps the cache consistent with the responses.
extension Controller {
    /// Reads a target of any owner, and stores the response in the cache.
    func read(_ key: ObjectKey) async throws(StoreError) -> ObservedTarget? {
        var before: ObservedTarget?
        var found: ObservedTarget?
        // A response from before the Secret was deleted may arrive after the event of the deletion.
        repeat {
            before = cache.targets[key]
            found = try await secrets.observe(key)
        } while found != nil && before != nil && cache.targets[key] == nil
        storeRead(found, of: key, after: before)
        return found
    }

    @inline(never)
    private func storeRead(_ found: ObservedTarget?, of key: ObjectKey, after before: ObservedTarget?) {
        if found != before { markChanged(key) }
        drift.name(found?.changedBy, at: key)
        if let found, found.labels[WellKnownKeys.managedByLabel] == settings.managedBy {
            // The response is current, unless an event arrived during the request.
            if cache.targets[key] == before { cache.put(found) } else { _ = cache.store(found) }
        } else {
            // Without our label, no watch keeps it up to date.
            cache.targets[key] = nil
            statusRecords.forgetAwaited(key)
        }
    }

    /// Writes a target, and stores the response in the cache.
    ///
    /// - Parameter desiredHash: the fingerprint of the desired target, or `DriftTracker.removal`.
    @inline(never)
    func write(
        _ key: ObjectKey, desiredHash: Int, _ body: () async throws(StoreError) -> ObservedTarget
    ) async throws(StoreError) -> ObservedTarget {
        let hadForeignChange = drift.hasForeignChange(key)
        cache.beginWrite(of: key)
        defer { for event in cache.endWrite(of: key) { handle(event) } }
        let target = try await body()
        if cache.isListed(sinceWriteOf: key) {
            await confirmWrite(of: target)
        } else {
            _ = cache.store(target)
        }
        corrected(key, to: target.resourceVersion, desiredHash: desiredHash, hadForeignChange: hadForeignChange)
        return target
    }

    /// Reads a target after a write, because nothing shows whether its response is newer than the cache. Then compares it
    /// again.
    private func confirmWrite(of target: ObservedTarget) async {
        do throws(StoreError) {
            _ = try await read(target.key)
        } catch {
            _ = cache.store(target)
        }
        enqueue(.target(target.key))
    }

    /// Removes a Secret.
    func remove(_ target: ObservedTarget) async throws(StoreError) {
        let key = target.key
        let hadForeignChange = drift.hasForeignChange(key)
        try await secrets.delete(target)
        // Another Secret of this name may have appeared before the response arrived.
        if cache.targets[key]?.uid == target.uid { cache.targets[key] = nil }
        targetRecords.expiries[key] = nil
        corrected(key, to: nil, desiredHash: DriftTracker.removal, hadForeignChange: hadForeignChange)
    }
}
