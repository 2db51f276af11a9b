import LinuxIO
package import Observability

/// What probes ask, kept where an answer needs no actor: one that is stuck must not keep the answer back.
package final class ProbeState: Sendable {
    private struct State {
        var readiness: [HealthCheck] = []
        var hasStarted = false
    }

    private let state = Mutex(State())

    /// What has to be known before the agent does its work.
    package internal(set) var readiness: [HealthCheck] {
        get { state.withLock { $0.readiness } }
        set { state.withLock { $0.readiness = newValue } }
    }

    /// All targets have had a turn, with all known that there is to know. Stays so.
    package internal(set) var hasStarted: Bool {
        get { state.withLock { $0.hasStarted } }
        set { state.withLock { $0.hasStarted = newValue } }
    }

    /// What has to be done before the next container may start.
    package var startup: [HealthCheck] {
        let (readiness, hasStarted) = state.withLock { ($0.readiness, $0.hasStarted) }
        if hasStarted { return [HealthCheck("first pass")] }
        return readiness + [HealthCheck("first pass", problem: "not all Secrets have been looked at yet")]
    }
}
