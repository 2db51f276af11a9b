import Testing

@testable import Scheduling

@Suite struct BackoffTests {
    private let backoff = Backoff(initial: .milliseconds(250), longest: .seconds(60))

    @Test(
        "The delay doubles with each failure, up to the maximum",
        arguments: [
            (1, 250), (2, 500), (3, 1000), (4, 2000), (8, 32_000), (9, 60_000), (10, 60_000), (31, 60_000),
            (1_000_000, 60_000), (Int.max, 60_000),
        ])
    func doubling(failures: Int, milliseconds: Int) {
        #expect(backoff.delay(failures: failures, jitter: 1) == .milliseconds(milliseconds))
    }

    @Test("Jitter reduces the delay by up to a half", arguments: [(0.0, 500), (0.5, 750), (1.0, 1000)])
    func jitter(jitter: Double, milliseconds: Int) {
        #expect(backoff.delay(failures: 3, jitter: jitter) == .milliseconds(milliseconds))
    }

    @Test("A jitter out of range counts as the nearest valid value", arguments: [(-7.0, 500), (7.0, 1000)])
    func jitterOutOfRange(jitter: Double, milliseconds: Int) {
        #expect(backoff.delay(failures: 3, jitter: jitter) == .milliseconds(milliseconds))
    }

    @Test("No failures count as one", arguments: [0, -1, Int.min])
    func noFailure(failures: Int) {
        #expect(backoff.delay(failures: failures, jitter: 1) == .milliseconds(250))
    }

    @Test("An initial delay above the maximum is reduced to it")
    func longFirst() {
        let backoff = Backoff(initial: .seconds(90), longest: .seconds(60))
        #expect(backoff.delay(failures: 1, jitter: 1) == .seconds(60))
    }
}
