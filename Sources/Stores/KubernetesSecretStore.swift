package import Distribution
import JSON
package import Kube
package import KubeRuntime
import LinuxIO
package import Observability
package import Planning

/// Targets as Secrets in a Kubernetes API.
package final class KubernetesSecretStore: SecretStore {
    let client: any KubeTransport
    let managedBy: String
    let watchesAll: Bool
    let logger: Logger
    private let meter: WatchMeter?
    private let replaced = Mutex(ReplacedMetadata())
    private let large = LargeObjects()
    private let written = WrittenVersions()
    /// Until when only patches are sent, because the role lacks the verb `update`; nil if it was never found to.
    private let patchesUntil = Mutex<ContinuousClock.Instant?>(nil)
    /// Targets whose generated values may be saved in a second Secret.
    let saved = Mutex<Set<ObjectKey>>([])

    /// - Parameter watchesAll: whether `watch` returns all Secrets of its scope instead of only those with our label.
    package init(
        client: any KubeTransport, managedBy: String, watchesAll: Bool = false, logger: Logger,
        meter: WatchMeter? = nil
    ) {
        self.client = client
        self.managedBy = managedBy
        self.watchesAll = watchesAll
        self.logger = logger
        self.meter = meter
    }

    private var selector: String { "\(WellKnownKeys.managedByLabel)=\(managedBy)" }

    package func list(_ scope: Scope) async throws(StoreError) -> [ObservedTarget] {
        let list: (items: [SecretObject], unreadable: [UnreadableItem]) =
            try await client.listAll(.secrets, scope, labelSelector: selector)
        let standIns = list.unreadable.compactMap(ObservedTarget.init(unreadable:))
        // One without a name could be any Secret. The caller then lists the scope in parts.
        if standIns.count < list.unreadable.count, let item = list.unreadable.first(where: { $0.metadata == nil }) {
            throw .unlistable("cannot list secrets: \(item)")
        }
        large.keep(only: Set(list.items.map(\.observed.key)), in: scope)
        return list.items.map(record) + standIns
    }

    /// Records a Secret that was written.
    private func recordWrite(_ secret: SecretObject) -> ObservedTarget {
        let target = record(secret)
        written.record(uid: target.uid, resourceVersion: target.resourceVersion)
        return target
    }

    /// Records a Secret that was received.
    private func record(_ secret: SecretObject) -> ObservedTarget {
        let target = secret.observed
        large.record(target.key, size: secret.size)
        replaced.withLock { $0.observe(target.key, uid: target.uid) }
        return target
    }

    package func watch(_ scope: Scope, _ observer: WatchHandler<ObservedTarget>) async {
        let watcher = ObjectWatcher<SecretObject>(
            client, .init(.secrets, namespace: scope.namespace, labelSelector: watchesAll ? nil : selector),
            logger: logger, heartbeat: observer.heartbeat, meter: meter, written: written)
        await watcher.run(
            observer, watchesAll ? \.observed : record,
            gone: { [large] secret in
                large.forget(secret.observed.key)
                return secret.observed
            },
            listed: { [large] in large.keep(only: Set($0.map(\.key)), in: scope) })
    }

    package func observe(_ key: ObjectKey) async throws(StoreError) -> ObservedTarget? {
        do {
            let request = Request.get(.secrets, namespace: key.namespace, name: key.name).expecting(
                responseSize: large[key])
            let found = record(try await client.send(request, decoding: SecretObject.self))
            // The Secret was replaced and only the response was lost, or it was not deleted.
            if !found.isBeingDeleted {
                replaced.withLock { $0.forget(key) }
                await forgetSavedValues(of: found)
            }
            return found
        } catch {
            if case .notFound = error.kind {
                large.forget(key)
                return nil
            }
            throw StoreError(error, reading: key)
        }
    }

    package func create(_ target: DesiredTarget) async throws(StoreError) -> ObservedTarget {
        let old = replaced.withLock { $0.metadata(of: target.key, for: target.distribution, at: .now) }
        let created = try await create(target.key, target.manifest(inPlaceOf: old))
        replaced.withLock { $0.forget(target.key) }
        await forgetSavedValues(of: created)
        return created
    }

    package func forget(_ distribution: String, unless target: ObjectKey?) {
        replaced.withLock { $0.forget(distribution, unless: target) }
    }

    package func update(_ target: ObservedTarget, _ patch: TargetPatch) async throws(StoreError) -> ObservedTarget {
        do {
            let updated = recordWrite(try await send(patch, of: target))
            await forgetSavedValues(of: updated)
            return updated
        } catch {
            // The server knows the whole Secret, and a rejection may quote values that were not sent.
            let values = patch.kept.map { $0.values.map { $0.bytes.withUnsafeBytes(Array.init) } }
            throw StoreError(error.redacted(by: Redactor(hiding: values)))
        }
    }

    /// How long only patches are sent after the server refused a whole Secret and then allowed the patch.
    private static let patchesOnly: Duration = .seconds(3600)

    /// Sends the whole Secret if it is known: a patch costs the server a third more. A role without the verb `update` still
    /// allows the patch.
    private func send(_ patch: TargetPatch, of target: ObservedTarget) async throws(KubeError) -> SecretObject {
        var isForbidden = false
        let mayUpdate = patchesUntil.withLock { $0.map { $0 <= .now } ?? true }
        if mayUpdate, let update = patch.update(of: target) {
            do {
                return try await client.send(
                    update.expecting(responseSize: large[target.key]), decoding: SecretObject.self)
            } catch {
                guard error.mayLackPermission else { throw error }
                isForbidden = true
            }
        }
        let request = Request.mergePatch(
            .secrets, namespace: target.key.namespace, name: target.key.name, patch.mergePatch(of: target))
        let patched = try await client.send(
            request.expecting(responseSize: large[target.key]), decoding: SecretObject.self)
        if isForbidden {
            let isFirst = patchesUntil.withLock { until in
                defer { until = .now + Self.patchesOnly }
                return until == nil
            }
            if isFirst { logger.info("secrets are patched", ["roleNeeds": "update on secrets"]) }
        }
        return patched
    }

    package func recreate(
        _ target: ObservedTarget, as desired: DesiredTarget
    ) async throws(StoreError) -> ObservedTarget {
        let key = target.key
        let old: ForeignMetadata
        var stored: StoredValues?
        do {
            let request = Request.get(.secrets, namespace: key.namespace, name: key.name).expecting(
                responseSize: large[key])
            if desired.storedKeys.isEmpty {
                old = try await client.send(request, decoding: ForeignMetadata.self)
            } else {
                let found = try await client.send(request, decoding: StoredValues.self)
                (stored, old) = (found, found.metadata)
            }
        } catch {
            throw StoreError(error, reading: key)
        }
        if let excess = old.excess { throw .cannotReplace(Self.why("Secret \(key) \(excess)")) }
        let kept = stored?.data.filter { desired.storedKeys.contains($0.key) } ?? [:]
        let manifest = desired.manifest(inPlaceOf: old.metadata, keeping: kept)
        try await dryRunCreate(key, manifest)
        if let stored { try await save(stored, of: target, for: desired) }
        // After the deletion this is the only copy of the metadata of others.
        replaced.withLock {
            $0.keep(old.metadata, of: key, uid: target.uid, for: desired.distribution, at: .now)
        }
        do {
            try await delete(target)
        } catch {
            switch error {
            case .changed:
                replaced.withLock { $0.forget(key) }
                await forgetSavedValues(of: target)
                throw error
            case .forbidden(let text), .rejected(let text):
                replaced.withLock { $0.forget(key) }
                await forgetSavedValues(of: target)
                throw .cannotReplace(Self.why(text))
            default: throw error
            }
        }
        do {
            let created = try await create(key, manifest)
            replaced.withLock { $0.forget(key) }
            await forgetSavedValues(of: created)
            return created
        } catch {
            // A finalizer keeps the old Secret; an event arrives when it is deleted.
            if case .changed = error {
                throw .cannotReplace("the former Secret is still being deleted; a finalizer blocks it")
            }
            throw error
        }
    }

    /// Checks, with a dry run on the server, that it accepts the new Secret before the old one is deleted. The server
    /// validates and admits an object before it checks the name, so the error "already exists" means success.
    private func dryRunCreate(_ key: ObjectKey, _ manifest: JSONValue) async throws(StoreError) {
        do {
            _ = try await client.send(.create(.secrets, namespace: key.namespace, manifest, dryRun: true))
        } catch {
            if case .alreadyExists = error.kind { return }
            guard error.isRetryable else { throw .cannotReplace(Self.why(error.description)) }
            throw StoreError(error)
        }
    }

    private static func why(_ text: String) -> String {
        "the Secret's type or immutable content can only be changed by replacing it, but \(text)"
    }

    package func delete(_ target: ObservedTarget) async throws(StoreError) {
        do {
            try await client.delete(
                .secrets, namespace: target.key.namespace, name: target.key.name, uid: target.uid,
                resourceVersion: target.resourceVersion, expectedResponseSize: large[target.key])
        } catch {
            if case .notFound = error.kind { return }
            throw StoreError(error)
        }
    }

    private func create(_ key: ObjectKey, _ manifest: JSONValue) async throws(StoreError) -> ObservedTarget {
        do {
            let request = Request.create(.secrets, namespace: key.namespace, manifest)
            return recordWrite(try await client.send(request, decoding: SecretObject.self))
        } catch {
            throw StoreError(error)
        }
    }
}

extension StoreError {
    /// - Parameter key: the key of the Secret that was read.
    init(_ error: KubeError, reading key: ObjectKey) {
        if case .transport(.tooLarge(let limit)) = error.kind {
            self = .rejected(
                "Secret \(key) is not used: its JSON is larger than \(limit) bytes; remove what others added, or delete"
                    + " it")
        } else {
            self.init(error)
        }
    }

    package init(_ error: KubeError) {
        if error.isOutcomeUnknown {
            self = .unknownOutcome(error.description, retryAfter: error.retryAfter)
            return
        }
        if error.mayConcernOneObject {
            self = .unlistable(error.description)
            return
        }
        switch error.kind {
        case .conflict, .alreadyExists, .notFound: self = .changed(error.description)
        case .forbidden, .namespaceTerminating: self = .forbidden(error.description)
        case .invalid, .decoding: self = .rejected(error.description)
        case .transport(.tooLarge): self = .rejected(error.description)
        case .transport(.connect), .transport(.tls): self = .unreachable(error.description)
        case .expired, .unauthorized, .tooManyRequests, .server, .unexpected, .transport:
            self = .unavailable(error.description, retryAfter: error.retryAfter)
        }
    }
}

extension KubeTransport {
    /// Reads all pages of a list. If the continue token expires, the list is restarted, at most twice.
    func listAll<Item: KubeObject>(
        _ resource: Resource, _ scope: Scope, labelSelector: String? = nil, absence: StoreError? = nil
    ) async throws(StoreError) -> (items: [Item], unreadable: [UnreadableItem]) {
        var tries = 0
        var pager = ListPager<Item>(resource, namespace: scope.namespace, labelSelector: labelSelector)
        while true {
            do {
                var (items, unreadable): ([Item], [UnreadableItem]) = ([], [])
                var token: String?
                repeat {
                    let page = try await pager.page(token, over: self)
                    items += page.items
                    unreadable += page.unreadable
                    token = page.nextPage
                } while token != nil
                return (items, unreadable)
            } catch {
                tries += 1
                if case .notFound = error.kind, let absence { throw absence }
                guard case .expired = error.kind, tries < 3 else { throw StoreError(error) }
            }
        }
    }
}

extension ObjectWatcher {
    /// Runs the watcher and passes its events to `observer`.
    ///
    /// - Parameters:
    ///   - value: maps each item.
    ///   - standIn: maps an item that cannot be read; nil if it has no replacement.
    ///   - gone: maps a deleted item; nil to use `value`.
    ///   - listed: receives the mapped items of each list.
    ///   - absence: the error if the server does not know the resource; nil to treat it as any other error.
    func run<Value: Sendable>(
        _ observer: WatchHandler<Value>, _ value: @escaping @Sendable (Item) -> Value,
        standIn: @escaping @Sendable (UnreadableItem) -> Value? = { _ in nil },
        gone: (@Sendable (Item) -> Value)? = nil, listed: @escaping @Sendable ([Value]) -> Void = { _ in },
        absence: StoreError? = nil
    ) async {
        let gone = gone ?? value
        await run(
            { event in
                switch event {
                case .replace(let items, let unreadable):
                    let values = items.map(value)
                    listed(values)
                    let standIns = unreadable.compactMap(standIn)
                    await observer.event(.replace(values + standIns, unreadable: unreadable))
                case .upsert(let item): await observer.event(.upsert(value(item)))
                case .delete(let item): await observer.event(.delete(gone(item)))
                }
            },
            failed: { error in
                var cause = StoreError(error)
                if case .notFound = error.kind, let absence { cause = absence }
                let error = cause
                await observer.failed(error)
                if case .unlistable = error { await observer.unlistable(error) }
            }, recovered: observer.recovered)
    }
}
