extension Duration {
    /// How long a test waits for a condition before it fails. No busy machine needs so long, and a condition that comes true
    /// earlier costs nothing: only a test that fails takes this time. So no test has a limit of its own.
    package static let longestWait: Duration = .seconds(300)
}

/// Whether `condition` comes true before the longest wait is over. It is checked again after a few milliseconds, or later if
/// the check itself takes long: a test that waits must not keep the processors from what it waits for.
package func eventually(_ condition: () async throws -> Bool) async rethrows -> Bool {
    try await happens(within: .longestWait, condition)
}

/// Whether `condition` comes true within `time`, for what is expected not to happen: nobody can wait for that but for a
/// while. What is expected to happen waits by `eventually`.
package func happens(within time: Duration, _ condition: () async throws -> Bool) async rethrows -> Bool {
    let end = ContinuousClock.now + time
    while ContinuousClock.now < end, !Task.isCancelled {
        let start = ContinuousClock.now
        if try await condition() { return true }
        let check = start.duration(to: .now)
        try? await Task.sleep(for: min(max(.milliseconds(5), check * 2), .milliseconds(500)))
    }
    return try await condition()
}
