extension Duration {
    /// The time that a test waits for a condition before it fails. A condition that is met earlier costs nothing: only a
    /// failing test takes this time. So no test has a limit of its own.
    package static let longestWait: Duration = .seconds(300)
}

/// Whether `condition` becomes true within the longest wait. It is checked again after a few milliseconds, or later if
/// the check itself is slow, so that waiting does not use the processor time of the work that the test waits for.
///
/// On a machine that is too busy to run this test, it cannot run the program either: only the time that was asked for
/// counts, not that by which a pause lasted longer. A failing test ends after four times the longest wait in any case.
package func eventually(_ condition: () async throws -> Bool) async rethrows -> Bool {
    let end = ContinuousClock.now + .longestWait * 4
    var waited: Duration = .zero
    while waited < .longestWait, ContinuousClock.now < end, !Task.isCancelled {
        let start = ContinuousClock.now
        if try await condition() { return true }
        let check = start.duration(to: .now)
        let pause = pause(after: check)
        try? await Task.sleep(for: pause)
        waited += pause + min(check, .seconds(1))
    }
    return try await condition()
}

/// Whether `condition` becomes true within `time`. Use it only for what must not happen, which a test can only observe
/// for a while. Use `eventually` for what must happen.
package func happens(within time: Duration, _ condition: () async throws -> Bool) async rethrows -> Bool {
    let end = ContinuousClock.now + time
    while ContinuousClock.now < end, !Task.isCancelled {
        let start = ContinuousClock.now
        if try await condition() { return true }
        try? await Task.sleep(for: pause(after: start.duration(to: .now)))
    }
    return try await condition()
}

/// The pause after a check that took `time`.
private func pause(after time: Duration) -> Duration { min(max(.milliseconds(5), time * 2), .milliseconds(500)) }
