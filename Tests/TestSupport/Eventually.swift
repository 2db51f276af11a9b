/// Whether `condition` comes true within `limit`; looks again after a few milliseconds, or longer where a look is work:
/// tests that wait shall not keep the machine from what they wait for.
///
/// - Parameter limit: only a test that fails takes so long. By default what a machine may need where all tests run at once
///   under a sanitizer.
package func eventually(
    within limit: Duration = .seconds(60), _ condition: () async throws -> Bool
) async rethrows -> Bool {
    let end = ContinuousClock.now + limit
    while ContinuousClock.now < end, !Task.isCancelled {
        let begin = ContinuousClock.now
        if try await condition() { return true }
        let look = begin.duration(to: .now)
        try? await Task.sleep(for: min(max(.milliseconds(5), look * 2), .milliseconds(500)))
    }
    return try await condition()
}
