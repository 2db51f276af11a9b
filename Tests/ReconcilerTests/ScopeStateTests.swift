import Kube
import Observability
import Testing

@testable import Reconciler
@testable import Stores

/// The state of a scope, from the results of its lists and watches.
@Suite struct ScopeStateTests {
    private let start = ContinuousClock.now
    private let limit = Duration.seconds(120)
    private let away = StoreError.unavailable("away", retryAfter: nil)
    private let unreachable = StoreError(
        KubeError(Operation(.list, resource: "secrets"), .transport(.connect(reason: "refused"))))
    private let forbidden = StoreError.forbidden("no role")

    private func fail(
        _ feed: inout ListWatchState, besides other: ListWatchState = ListWatchState(), _ error: StoreError,
        after seconds: Int
    ) {
        let time = Timestamp(seconds: 1_800_000_000 + Int64(seconds))
        feed.fail(error, besides: other, at: start + .seconds(seconds), time, limit: limit)
    }

    private func failBoth(_ state: inout ScopeState, _ error: StoreError, after seconds: Int) {
        let (distributions, targets) = (state.distributions, state.targets)
        fail(&state.distributions, besides: targets, error, after: seconds)
        fail(&state.targets, besides: distributions, error, after: seconds)
    }

    private func failTargets(_ state: inout ScopeState, _ error: StoreError, after seconds: Int) {
        fail(&state.targets, error, after: seconds)
    }

    @Test func `a scope is ready when both resources were listed`() {
        var state = ScopeState()
        #expect(!state.isReady)
        state.distributions.list()
        #expect(!state.isReady)
        state.targets.list()
        #expect(state.isReady && !state.isRefused)
    }

    @Test func `a role that forbids a list from the start denies the scope; one that is lost later does not`() {
        var state = ScopeState()
        fail(&state.distributions, forbidden, after: 0)
        #expect(state.isRefused && !state.isReady)
        state.distributions.list()
        #expect(!state.isRefused)
        state.distributions.recover()
        #expect(state.distributions.isAccessible)
        fail(&state.distributions, forbidden, after: 0)
        #expect(!state.isRefused && !state.distributions.isAccessible)
    }

    @Test func `Secrets that were never listed are stale after a time, counted from the start`() {
        var state = ScopeState()
        state.distributions.list()
        failTargets(&state, away, after: 0)
        failTargets(&state, away, after: 119)
        #expect(!state.isReady)
        failTargets(&state, away, after: 120)
        #expect(state.isReady && state.targets.isStale)
        #expect(state.targets.since == Timestamp(seconds: 1_800_000_000).rfc3339)
        state.targets.list()
        #expect(!state.targets.isStale && state.targets.isAccessible)
    }

    @Test func `a watch that works again ends an outage, and so does a list in parts`() {
        var state = ScopeState()
        state.distributions.list()
        state.targets.list()
        failTargets(&state, away, after: 0)
        state.targets.recover()
        failTargets(&state, away, after: 200)
        #expect(!state.targets.isStale && state.targets.isAccessible)
        failTargets(&state, away, after: 320)
        #expect(state.targets.isStale && !state.targets.isAccessible)
        state.targets.list(only: ["web"], because: away)
        #expect(!state.targets.isStale && !state.targets.isAccessible)
        #expect(!state.targets.isUnlisted("web") && state.targets.isUnlisted("other"))
        state.targets.list()
        #expect(!state.targets.isUnlisted("other"))
    }

    @Test func `Secrets become stale after the same time while distributions are unavailable too`() {
        var state = ScopeState()
        state.distributions.list()
        state.targets.list()
        for seconds in [0, 119] { failBoth(&state, away, after: seconds) }
        #expect(!state.targets.isStale)
        failBoth(&state, away, after: 120)
        #expect(state.targets.isStale && state.distributions.isStale)
        state.targets.list()
        #expect(!state.targets.isStale && state.distributions.isStale)
    }

    @Test func `without a connection nothing becomes stale, and the time counts from the first response`() {
        var state = ScopeState()
        state.distributions.list()
        state.targets.list()
        for seconds in stride(from: 0, through: 600, by: 30) { failBoth(&state, unreachable, after: seconds) }
        #expect(!state.targets.isStale && !state.distributions.isStale)
        // Readiness and metrics report the outage.
        #expect(!state.targets.works && !state.distributions.works)
        failBoth(&state, away, after: 719)
        #expect(!state.targets.isStale && !state.distributions.isStale)
        failBoth(&state, away, after: 720)
        #expect(state.targets.isStale && state.distributions.isStale)
        #expect(state.targets.since == Timestamp(seconds: 1_800_000_000).rfc3339)
    }

    @Test func `Secrets alone become stale also without a connection, because statuses may still be accepted`() {
        var state = ScopeState()
        state.distributions.list()
        state.targets.list()
        for seconds in [0, 120] { failTargets(&state, unreachable, after: seconds) }
        #expect(state.targets.isStale)
    }

    @Test func `with lists but without watches, Secrets are fresh, and the remark is kept`() {
        var state = ScopeState()
        state.distributions.list()
        for second in stride(from: 0, to: 600, by: 30) {
            state.targets.list()
            failTargets(&state, forbidden, after: second)
        }
        #expect(!state.targets.isStale && state.targets.isRefused && !state.isRefused)
        failTargets(&state, forbidden, after: 700)
        #expect(state.targets.isStale)
    }
}
