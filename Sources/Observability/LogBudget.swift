/// How many lines are written about one resource: a token bucket for each, and one for each namespace. A value; time is a
/// parameter.
///
/// Whoever writes a resource makes the agent write lines about it, with each change another one. Without a bound one that
/// is changed in a loop would fill the log, and push out of it what happens to others.
package struct LogBudget<Instant: InstantProtocol & Sendable>: Sendable where Instant.Duration == Duration {
    package struct Policy: Sendable {
        /// Lines at once.
        package var burst: Int
        /// How long each further one takes.
        package var refill: Duration

        package init(burst: Int, refill: Duration) {
            self.burst = burst
            self.refill = refill
        }

        /// Many times what an outage or some rotations say of a resource; then six lines a minute.
        package static var resource: Policy { Policy(burst: 30, refill: .seconds(10)) }
        /// More than 10,000 Secrets of one namespace need, to be made, held back and brought in line; then 20 lines a
        /// second. It is for resources that are made and deleted in a loop, each of which has a budget of its own.
        package static var namespace: Policy { Policy(burst: 50_000, refill: .milliseconds(50)) }
    }

    private struct Bucket: Sendable {
        /// How long it takes until it is full.
        var debt: Duration = .zero
        var at: Instant
        /// Lines that were not written since the last one that was.
        var leftOut = 0

        mutating func refill(at now: Instant) {
            debt = max(.zero, debt - at.duration(to: now))
            at = now
        }

        /// When it is full.
        var end: Instant { at.advanced(by: debt) }

        func has(_ policy: Policy) -> Bool { debt + policy.refill <= policy.refill * policy.burst }
    }

    private let resource: Policy
    private let namespace: Policy
    /// Buckets of each kind; beyond it those are forgotten that are full, then those of the namespaces that have most.
    private let capacity: Int
    private var resources: [String: Bucket] = [:]
    private var namespaces: [String: Bucket] = [:]

    package init(resource: Policy = .resource, namespace: Policy = .namespace, capacity: Int = 16_384) {
        self.resource = resource
        self.namespace = namespace
        self.capacity = capacity
    }

    /// How many buckets there are.
    package var count: Int { resources.count + namespaces.count }

    /// - Parameter name: of the resource: `<namespace>/<name>`, or any text.
    /// - Returns: how many lines about it were left out since the last one, to be told by another line; nil: this one is to
    ///   be left out too.
    package mutating func admit(_ name: String, at now: Instant) -> Int? {
        makeRoom(at: now)
        let group = Self.namespace(of: name)
        var shared = namespaces[group] ?? Bucket(at: now)
        shared.refill(at: now)
        defer { namespaces[group] = shared }
        guard shared.has(namespace) else {
            shared.leftOut += 1
            return nil
        }
        var own = resources[name] ?? Bucket(at: now)
        own.refill(at: now)
        defer { resources[name] = own }
        guard own.has(resource) else {
            own.leftOut += 1
            return nil
        }
        own.debt += resource.refill
        shared.debt += namespace.refill * (own.leftOut > 0 ? 2 : 1)
        defer { own.leftOut = 0 }
        return own.leftOut
    }

    /// Forgets those that are silent; to be called now and then.
    ///
    /// - Returns: of what lines were left out, though there is room again: names of resources, and of namespaces for all else
    ///   of theirs, each with a number, sorted by name. Each takes a line.
    package mutating func settle(at now: Instant) -> [(resource: String, lines: Int)] {
        var told: [(resource: String, lines: Int)] = []
        for name in resources.filter({ $0.value.leftOut > 0 }).keys.sorted() {
            guard var own = resources[name] else { continue }
            own.refill(at: now)
            guard own.has(resource) else { continue }
            let group = Self.namespace(of: name)
            var shared = namespaces[group] ?? Bucket(at: now)
            shared.refill(at: now)
            if shared.has(namespace) {
                told.append((name, own.leftOut))
                own.debt += resource.refill
                shared.debt += namespace.refill
            } else {
                shared.leftOut += own.leftOut
            }
            own.leftOut = 0
            resources[name] = own
            namespaces[group] = shared
        }
        for (name, shared) in namespaces where shared.leftOut > 0 {
            told.append((name, shared.leftOut))
            namespaces[name]?.leftOut = 0
            namespaces[name]?.debt += namespace.refill
        }
        forgetFull(at: now)
        return told.sorted { $0.resource < $1.resource }
    }

    private static func namespace(of name: String) -> String { String(name.prefix { $0 != "/" }) }

    private mutating func makeRoom(at now: Instant) {
        guard max(resources.count, namespaces.count) >= capacity else { return }
        forgetFull(at: now)
        if resources.count > capacity / 4 * 3 { evict(at: now) }
        guard namespaces.count > capacity / 4 * 3 else { return }
        let fullest = namespaces.sorted { $0.value.end > $1.value.end }
        namespaces = Dictionary(uniqueKeysWithValues: fullest.prefix(capacity / 2).map { ($0.key, $0.value) })
    }

    /// Of the namespaces that have most, until half is free.
    private mutating func evict(at now: Instant) {
        let groups = Dictionary(grouping: resources.keys, by: Self.namespace)
        for (group, names) in groups.sorted(by: { $0.value.count > $1.value.count })
        where resources.count > capacity / 2 {
            for name in names {
                let lines = resources.removeValue(forKey: name)?.leftOut ?? 0
                if lines > 0 { namespaces[group, default: Bucket(at: now)].leftOut += lines }
            }
        }
    }

    private mutating func forgetFull(at now: Instant) {
        let isKept = { (bucket: Bucket) in bucket.leftOut > 0 || bucket.debt > bucket.at.duration(to: now) }
        resources = resources.filter { isKept($0.value) }
        namespaces = namespaces.filter { isKept($0.value) }
    }
}

/// Decides which lines are written; asked from any thread.
package protocol LogLimiter: Sendable {
    /// See `LogBudget.admit`.
    func admit(_ resource: String) -> Int?
    /// See `LogBudget.settle`.
    func settle() -> [(resource: String, lines: Int)]
}
