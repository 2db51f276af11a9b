extension Duration {
    /// The time that a test waits for a condition before it fails. No busy machine needs this long, and a condition
    /// that is met earlier costs nothing: only a failing test takes this time. So no test has a limit of its own.
    package static let longestWait: Duration = .seconds(300)
}

/// Whether `condition` becomes true within the longest wait. It is checked again after a few milliseconds, or later if
/// the check itself is slow, so that waiting does not use the processor time of the work that the test waits for.
package func eventually(_ condition: () async throws -> Bool) async rethrows -> Bool {
    try await happens(within: .longestWait, condition)
}

/// Whether `condition` becomes true within `time`. Use it only for what must not happen, which a test can only observe
/// for a while. Use `eventually` for what must happen.
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
