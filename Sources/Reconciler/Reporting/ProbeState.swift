import LinuxIO
package import Observability

/// The state that probes read. It is behind a lock and not in an actor, so that a stuck actor does not block probes.
package final class ProbeState: Sendable {
    private struct State {
        var readiness: [HealthCheck] = []
        var hasStarted = false
    }

    private let state = Mutex(State())

    /// The checks for readiness.
    package internal(set) var readiness: [HealthCheck] {
        get { state.withLock { $0.readiness } }
        set { state.withLock { $0.readiness = newValue } }
    }

    /// Whether the first full pass is done. Never becomes false again.
    package internal(set) var hasStarted: Bool {
        get { state.withLock { $0.hasStarted } }
        set { state.withLock { $0.hasStarted = newValue } }
    }

    /// The checks for startup: the next container may start when they pass.
    package var startup: [HealthCheck] {
        let (readiness, hasStarted) = state.withLock { ($0.readiness, $0.hasStarted) }
        if hasStarted { return [HealthCheck("first pass")] }
        return readiness + [HealthCheck("first pass", problem: "not all Secrets have been processed yet")]
    }
}
