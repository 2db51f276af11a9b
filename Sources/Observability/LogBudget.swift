/// Limits the number of log lines about one resource, with a token bucket for each resource and one for each namespace.
/// A value; time is a parameter.
///
/// Each change of a resource makes the agent log lines about it. Without a limit, a resource that changes in a loop
/// would fill the log and displace the lines about other resources.
package struct LogBudget<Instant: InstantProtocol & Sendable>: Sendable where Instant.Duration == Duration {
    package struct Policy: Sendable {
        /// The number of lines that may be written at once.
        package var burst: Int
        /// The time after which one more line is allowed.
        package var refill: Duration

        package init(burst: Int, refill: Duration) {
            self.burst = burst
            self.refill = refill
        }

        /// Many times the lines that an outage or several rotations cause for one resource; then six lines a minute.
        package static var resource: Policy { Policy(burst: 30, refill: .seconds(10)) }
        /// More lines than 10,000 Secrets of one namespace need to be created, held back and brought in sync; then 20
        /// lines a second. It limits resources that are created and deleted in a loop, each of which has a budget of
        /// its own.
        package static var namespace: Policy { Policy(burst: 50_000, refill: .milliseconds(50)) }
    }

    private struct Bucket: Sendable {
        /// The time until all tokens are back.
        var debt: Duration = .zero
        var at: Instant
        /// The number of lines suppressed since the last line that was written.
        var suppressed = 0

        mutating func refill(at now: Instant) {
            debt = max(.zero, debt - at.duration(to: now))
            at = now
        }

        /// The time at which all tokens are back.
        var end: Instant { at.advanced(by: debt) }

        func has(_ policy: Policy) -> Bool { debt + policy.refill <= policy.refill * policy.burst }
    }

    private let resource: Policy
    private let namespace: Policy
    /// The maximum number of buckets of each kind. At the limit, full buckets are dropped first, then those of the
    /// namespaces that have the most.
    private let capacity: Int
    private var resources: [String: Bucket] = [:]
    private var namespaces: [String: Bucket] = [:]

    package init(resource: Policy = .resource, namespace: Policy = .namespace, capacity: Int = 16_384) {
        self.resource = resource
        self.namespace = namespace
        self.capacity = capacity
    }

    /// The number of buckets.
    package var count: Int { resources.count + namespaces.count }

    /// Decides whether a line about a resource may be written.
    ///
    /// - Parameter name: the resource: `<namespace>/<name>`, or any text.
    /// - Returns: the number of lines about it suppressed since the last one, to be reported in a line of its own; nil
    ///   if this line must be suppressed.
    package mutating func admit(_ name: String, at now: Instant) -> Int? {
        makeRoom(at: now)
        let group = Self.namespace(of: name)
        var shared = namespaces[group] ?? Bucket(at: now)
        shared.refill(at: now)
        defer { namespaces[group] = shared }
        guard shared.has(namespace) else {
            shared.suppressed += 1
            return nil
        }
        var own = resources[name] ?? Bucket(at: now)
        own.refill(at: now)
        defer { resources[name] = own }
        guard own.has(resource) else {
            own.suppressed += 1
            return nil
        }
        own.debt += resource.refill
        shared.debt += namespace.refill * (own.suppressed > 0 ? 2 : 1)
        defer { own.suppressed = 0 }
        return own.suppressed
    }

    /// Reports the suppressed lines of resources that may log again, and drops full buckets. Call it periodically.
    ///
    /// - Returns: the numbers of suppressed lines, sorted by name. The name is a resource, or a namespace for all of
    ///   its resources that are not named. Each entry is charged as one line.
    package mutating func drainSuppressed(at now: Instant) -> [(resource: String, lines: Int)] {
        var reports: [(resource: String, lines: Int)] = []
        for name in resources.filter({ $0.value.suppressed > 0 }).keys.sorted() {
            guard var own = resources[name] else { continue }
            own.refill(at: now)
            guard own.has(resource) else { continue }
            let group = Self.namespace(of: name)
            var shared = namespaces[group] ?? Bucket(at: now)
            shared.refill(at: now)
            if shared.has(namespace) {
                reports.append((name, own.suppressed))
                own.debt += resource.refill
                shared.debt += namespace.refill
            } else {
                shared.suppressed += own.suppressed
            }
            own.suppressed = 0
            resources[name] = own
            namespaces[group] = shared
        }
        for (name, shared) in namespaces where shared.suppressed > 0 {
            reports.append((name, shared.suppressed))
            namespaces[name]?.suppressed = 0
            namespaces[name]?.debt += namespace.refill
        }
        forgetFull(at: now)
        return reports.sorted { $0.resource < $1.resource }
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

    /// Drops the buckets of the namespaces that have the most, until half of the capacity is free.
    private mutating func evict(at now: Instant) {
        let groups = Dictionary(grouping: resources.keys, by: Self.namespace)
        for (group, names) in groups.sorted(by: { $0.value.count > $1.value.count })
        where resources.count > capacity / 2 {
            for name in names {
                let lines = resources.removeValue(forKey: name)?.suppressed ?? 0
                if lines > 0 { namespaces[group, default: Bucket(at: now)].suppressed += lines }
            }
        }
    }

    private mutating func forgetFull(at now: Instant) {
        let isKept = { (bucket: Bucket) in bucket.suppressed > 0 || bucket.debt > bucket.at.duration(to: now) }
        resources = resources.filter { isKept($0.value) }
        namespaces = namespaces.filter { isKept($0.value) }
    }
}

/// Decides which lines are written. Called from any thread.
package protocol LogLimiter: Sendable {
    /// See `LogBudget.admit`.
    func admit(_ resource: String) -> Int?
    /// See `LogBudget.drainSuppressed`.
    func drainSuppressed() -> [(resource: String, lines: Int)]
}
