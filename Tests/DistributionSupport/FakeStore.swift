package import Distribution
package import Planning
package import Stores
package import TestSupport

/// Secrets and distributions in memory, with versions and conflicts. Writes can be held back, and made to fail.
///
/// It has no watch: tests send events to the controller themselves.
package actor FakeStore: SecretStore, DistributionStore {
    /// The dropped records of unfinished replacements, in order: `uid`, and the kept target.
    package nonisolated let forgotten = LineRecorder()

    package enum Operation: String {
        case observe, create, update, recreate, delete, current, status
    }

    package private(set) var secrets: [ObjectKey: ObservedTarget] = [:]
    package private(set) var distributions: [ObjectKey: SecretsDistribution] = [:]
    package private(set) var namespaces: [String: Namespace] = [:]
    /// The calls in order: `create target`.
    package private(set) var calls: [String] = []
    /// The distributions of all stored statuses, in order.
    package private(set) var statuses: [SecretsDistribution] = []
    /// Writes of Secrets in flight, by key, and the maximum so far: for all keys, and for one.
    private var underWay: [ObjectKey: Int] = [:]
    package private(set) var mostAtOnce = 0
    package private(set) var mostOfOneKey = 0

    private let managedBy: String
    private var version = 0
    private var script: [Operation: [StoreError]] = [:]
    private var alteration: (@Sendable (inout ObservedTarget) -> Void)?
    private var unreadable: Set<ObjectKey> = []
    /// Writes that are applied, but whose response is lost.
    private var lostAnswers: Set<Operation> = []
    private var isHolding = false
    private var isHoldingAnswers = false
    private var isHoldingWriteAnswers = false
    private var isHoldingReads = false
    package private(set) var heldReads = 0
    private var held: [CheckedContinuation<Void, Never>] = []

    package init(managedBy: String = "me") { self.managedBy = managedBy }

    package var writesUnderWay: Int { underWay.values.reduce(0, +) }

    // MARK: SecretStore

    package func list(_ scope: Scope) async throws(StoreError) -> [ObservedTarget] {
        secrets.values.filter {
            scope.contains($0.key.namespace) && $0.labels[WellKnownKeys.managedByLabel] == managedBy
        }.sorted { $0.key < $1.key }
    }

    package func watch(_ scope: Scope, _ observer: WatchHandler<ObservedTarget>) async {}

    package func observe(_ key: ObjectKey) async throws(StoreError) -> ObservedTarget? {
        try begin(.observe, key)
        if unreadable.contains(key) { throw .unavailable("it cannot be decrypted", retryAfter: .seconds(600)) }
        let found = secrets[key]
        await holdRead()
        return found
    }

    package func create(_ target: DesiredTarget) async throws(StoreError) -> ObservedTarget {
        try await beginWrite(.create, target.key)
        guard secrets[target.key] == nil else { throw .changed("Secret \(target.key) already exists") }
        let created = try answer(.create, admit(ObservedTarget(creating: target, uid: "uid-\(nextVersion())")))
        await holdWriteAnswer()
        return created
    }

    package func update(_ target: ObservedTarget, _ patch: TargetPatch) async throws(StoreError) -> ObservedTarget {
        try await beginWrite(.update, target.key)
        let updated = try answer(.update, admit(try unchanged(target).applying(patch)))
        await holdWriteAnswer()
        return updated
    }

    package func recreate(_ target: ObservedTarget, as desired: DesiredTarget) async throws(StoreError)
        -> ObservedTarget
    {
        try await beginWrite(.recreate, target.key)
        return admit(ObservedTarget(creating: desired, inPlaceOf: try unchanged(target), uid: "uid-\(nextVersion())"))
    }

    package func delete(_ target: ObservedTarget) async throws(StoreError) {
        try await beginWrite(.delete, target.key)
        _ = try unchanged(target)
        secrets[target.key] = nil
        try answer(.delete, ())
    }

    package nonisolated func forget(_ distribution: String, unless target: ObjectKey?) {
        forgotten.add("\(distribution) \(target?.name ?? "")")
    }

    // MARK: DistributionStore

    package func list(_ scope: Scope) async throws(StoreError) -> [SecretsDistribution] {
        distributions.values.filter { scope.contains($0.key.namespace) }.sorted { $0.key < $1.key }
    }

    package func watch(_ scope: Scope, _ observer: WatchHandler<SecretsDistribution>) async {}

    package func listNamespaces() async throws(StoreError) -> [Namespace] { Array(namespaces.values) }

    package func namespace(_ name: String) async throws(StoreError) -> Namespace? { namespaces[name] }

    package func watchNamespaces(_ observer: WatchHandler<Namespace>) async {}

    package func current(_ key: ObjectKey) async throws(StoreError) -> SecretsDistribution? {
        try begin(.current, key)
        let found = distributions[key]
        await holdRead()
        return found
    }

    package func faults() async -> [String] { [] }

    package func write(
        _ status: StoredStatus, to distribution: SecretsDistribution, on definition: DefinitionTraits
    ) async throws(StoreError) -> (SecretsDistribution, DefinitionTraits) {
        try begin(.status, distribution.key)
        guard var next = distributions[distribution.key], next.uid == distribution.uid,
            next.resourceVersion == distribution.resourceVersion
        else { throw .changed("SecretsDistribution \(distribution.key) changed meanwhile") }
        next.status = status
        next = put(next)
        statuses.append(next)
        try answer(.status, ())
        if isHoldingAnswers { await withCheckedContinuation { held.append($0) } }
        return (next, definition)
    }
}

// MARK: What tests do to it

extension FakeStore {
    /// Stores a distribution as its user would.
    @discardableResult
    package func put(_ distribution: SecretsDistribution) -> SecretsDistribution {
        var next = distribution
        next.resourceVersion = nextVersion()
        distributions[next.key] = next
        return next
    }

    /// Restores a distribution from a backup of etcd, with its old version.
    package func restore(_ distribution: SecretsDistribution) { distributions[distribution.key] = distribution }

    package func put(_ namespace: Namespace) { namespaces[namespace.name] = namespace }

    package func restore(_ target: ObservedTarget) { secrets[target.key] = target }

    package func lose(_ target: ObjectKey) { secrets[target] = nil }

    /// The server cannot decrypt this Secret.
    package func makeUnreadable(_ target: ObjectKey) { unreadable.insert(target) }

    package func remove(_ distribution: ObjectKey) { distributions[distribution] = nil }

    /// The distribution whose status was stored last.
    package var lastStatus: SecretsDistribution? { statuses.last }

    /// Stores a Secret as another client would.
    @discardableResult
    package func put(_ target: ObservedTarget) -> ObservedTarget { store(target) }

    /// The next calls of `operation` fail, each with one of the errors.
    package func fail(_ operation: Operation, _ errors: [StoreError]) { script[operation, default: []] += errors }

    /// The next calls of `operation` do not fail any more.
    package func endFailures(of operation: Operation) { script[operation] = nil }

    /// Changes each written Secret as an admission webhook does; nil: no change.
    package func alter(_ change: (@Sendable (inout ObservedTarget) -> Void)?) { alteration = change }

    /// The next `operation` is applied, but its response is lost.
    package func loseAnswer(to operation: Operation) { lostAnswers.insert(operation) }

    /// Creates wait until `release`, including those that fail.
    package func hold() { isHolding = true }

    /// Statuses are stored, but their responses wait until `release`.
    package func holdAnswers() { isHoldingAnswers = true }

    /// Secrets are created and updated, but the responses wait until `release`.
    package func holdWriteAnswers() { isHoldingWriteAnswers = true }

    /// Reads are performed, but their responses wait until `release`.
    package func holdReads() { isHoldingReads = true }

    /// Returns the responses of waiting reads; later reads wait.
    package func answerReads() {
        for continuation in held { continuation.resume() }
        held = []
    }

    package func release() {
        isHolding = false
        isHoldingAnswers = false
        isHoldingWriteAnswers = false
        isHoldingReads = false
        answerReads()
    }
}

extension FakeStore {
    private func begin(_ operation: Operation, _ key: ObjectKey) throws(StoreError) {
        note(operation, key)
        try failIfScripted(operation)
    }

    private func note(_ operation: Operation, _ key: ObjectKey) { calls.append("\(operation.rawValue) \(key.name)") }

    private func answer<Value>(_ operation: Operation, _ value: Value) throws(StoreError) -> Value {
        if lostAnswers.remove(operation) != nil { throw .unknownOutcome("the answer was lost", retryAfter: nil) }
        return value
    }

    private func failIfScripted(_ operation: Operation) throws(StoreError) {
        guard let error = script[operation]?.first else { return }
        script[operation]?.removeFirst()
        throw error
    }

    private func holdWriteAnswer() async {
        guard isHoldingWriteAnswers else { return }
        await withCheckedContinuation { held.append($0) }
    }

    private func holdRead() async {
        guard isHoldingReads else { return }
        heldReads += 1
        await withCheckedContinuation { held.append($0) }
    }

    /// Suspends at least once, so that a second writer of the same key would be noticed.
    private func beginWrite(_ operation: Operation, _ key: ObjectKey) async throws(StoreError) {
        underWay[key, default: 0] += 1
        defer { underWay[key, default: 1] -= 1 }
        mostAtOnce = max(mostAtOnce, writesUnderWay)
        mostOfOneKey = max(mostOfOneKey, underWay.values.max() ?? 0)
        note(operation, key)
        await Task.yield()
        if isHolding, operation == .create { await withCheckedContinuation { held.append($0) } }
        try failIfScripted(operation)
    }

    private func unchanged(_ target: ObservedTarget) throws(StoreError) -> ObservedTarget {
        guard let known = secrets[target.key], known.uid == target.uid,
            known.resourceVersion == target.resourceVersion
        else { throw .changed("Secret \(target.key) was changed by another writer") }
        return known
    }

    private func admit(_ target: ObservedTarget) -> ObservedTarget {
        var target = target
        alteration?(&target)
        return store(target)
    }

    private func store(_ target: ObservedTarget) -> ObservedTarget {
        var next = target
        next.resourceVersion = nextVersion()
        secrets[next.key] = next
        return next
    }

    private func nextVersion() -> String {
        version += 1
        return String(version)
    }
}
