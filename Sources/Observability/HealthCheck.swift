/// A condition that must hold for the agent to be healthy, ready or started.
package struct HealthCheck: Sendable, Equatable {
    /// For example `mount` or `watch of secrets in all namespaces`.
    package var name: String
    /// The reason why the check fails, as a phrase; nil if it passes.
    package var problem: String?
    /// A degradation that does not fail the check, as a phrase.
    package var note: String?

    package init(_ name: String, problem: String? = nil, note: String? = nil) {
        self.name = name
        self.problem = problem
        self.note = note
    }

    /// Checks that the last beat is not older than the heartbeat's limit.
    package init(_ heartbeat: Heartbeat, at now: ContinuousClock.Instant = .now) {
        name = heartbeat.name
        let age = heartbeat.age(at: now)
        guard age > heartbeat.limit else { return }
        problem = "silent for \(age.components.seconds) s, limit \(heartbeat.limit.components.seconds) s"
    }
}
