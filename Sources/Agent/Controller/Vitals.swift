import LinuxIO

/// What probes ask, kept where an answer needs no actor: one that is stuck must not keep the answer back.
package final class Vitals: Sendable {
    private struct State {
        var unreadiness = ["the agent is starting"]
        var hasStarted = false
    }

    private let state = Mutex(State())

    package init() {}

    /// Why the agent is not ready, a phrase each; empty if it is.
    package internal(set) var unreadiness: [String] {
        get { state.withLock { $0.unreadiness } }
        set { state.withLock { $0.unreadiness = newValue } }
    }

    /// All targets have been looked at once, with all known that there is to know. Stays so.
    package internal(set) var hasStarted: Bool {
        get { state.withLock { $0.hasStarted } }
        set { state.withLock { $0.hasStarted = newValue } }
    }
}
