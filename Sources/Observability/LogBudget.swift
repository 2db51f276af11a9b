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

        func has(_ policy: Policy) -> Bool { debt + policy.refill <= policy.refill * policy.burst }
    }

    private let resource: Policy
    private let namespace: Policy
    /// Buckets of each kind; beyond it those are forgotten that are full, then all.
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
    /// - Returns: how many lines about it were left out since the last one; nil: this one is to be left out too.
    package mutating func admit(_ name: String, at now: Instant) -> Int? {
        makeRoom(at: now)
        let group = String(name.prefix { $0 != "/" })
        var own = resources[name] ?? Bucket(at: now)
        var shared = namespaces[group] ?? Bucket(at: now)
        own.refill(at: now)
        shared.refill(at: now)
        defer {
            resources[name] = own
            namespaces[group] = shared
        }
        guard own.has(resource), shared.has(namespace) else {
            own.leftOut += 1
            return nil
        }
        own.debt += resource.refill
        shared.debt += namespace.refill
        defer { own.leftOut = 0 }
        return own.leftOut
    }

    /// Forgets those that are silent; to be called now and then.
    ///
    /// - Returns: of how many resources lines were left out, though there is room again: name and number, sorted by name.
    package mutating func settle(at now: Instant) -> [(resource: String, lines: Int)] {
        var silent: [(resource: String, lines: Int)] = []
        for name in Array(resources.keys) {
            resources[name]?.refill(at: now)
            guard let bucket = resources[name], bucket.leftOut > 0, bucket.has(resource) else { continue }
            silent.append((name, bucket.leftOut))
            resources[name]?.leftOut = 0
            resources[name]?.debt += resource.refill
        }
        forgetFull(at: now)
        return silent.sorted { $0.resource < $1.resource }
    }

    private mutating func makeRoom(at now: Instant) {
        guard max(resources.count, namespaces.count) >= capacity else { return }
        forgetFull(at: now)
        if resources.count >= capacity / 2 { resources = [:] }
        if namespaces.count >= capacity / 2 { namespaces = [:] }
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
