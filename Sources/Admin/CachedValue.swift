/// A value that costs its source something: made when it is asked for, and good for a second after that. Whoever asks
/// meanwhile gets the same, so that many who ask cost no more than one.
package actor CachedValue<Value: Sendable> {
    private static var lifetime: Duration { .seconds(1) }

    private let make: @Sendable () async -> Value
    private var last: (value: Value, end: ContinuousClock.Instant)?
    /// Owned here, and awaited by all who asked for it: one of them who goes away does not end it for the others.
    private var underWay: Task<Value, Never>?

    package init(_ make: @escaping @Sendable () async -> Value) { self.make = make }

    package func value() async -> Value {
        if let last, .now < last.end { return last.value }
        if let underWay { return await underWay.value }
        let task = Task { await make() }
        underWay = task
        let value = await task.value
        last = (value, .now + Self.lifetime)
        underWay = nil
        return value
    }
}
