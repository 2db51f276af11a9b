/// A value that is expensive to compute: computed on request and cached for one second. Concurrent callers share one
/// computation.
package actor CachedValue<Value: Sendable> {
    private static var lifetime: Duration { .seconds(1) }

    private let make: @Sendable () async -> Value
    private var last: (value: Value, end: ContinuousClock.Instant)?
    /// Owned by this actor and awaited by all callers, so that a cancelled caller does not cancel it for the others.
    private var pending: Task<Value, Never>?

    package init(_ make: @escaping @Sendable () async -> Value) { self.make = make }

    package func value() async -> Value {
        if let last, .now < last.end { return last.value }
        if let pending { return await pending.value }
        let task = Task { await make() }
        pending = task
        let value = await task.value
        last = (value, .now + Self.lifetime)
        pending = nil
        return value
    }
}
