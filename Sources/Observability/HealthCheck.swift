/// One thing that has to be so for the agent to be healthy, ready or started.
package struct HealthCheck: Sendable, Equatable {
    /// `mount`, `watch of secrets in all namespaces`.
    package var name: String
    /// Why it is not so, a phrase; nil if it is.
    package var problem: String?
    /// What is not as it should be although it is so, a phrase.
    package var note: String?

    package init(_ name: String, problem: String? = nil, note: String? = nil) {
        self.name = name
        self.problem = problem
        self.note = note
    }

    /// Whether what the heartbeat stamps still goes on.
    package init(_ heartbeat: Heartbeat, at now: ContinuousClock.Instant = .now) {
        name = heartbeat.name
        let age = heartbeat.age(at: now)
        guard age > heartbeat.limit else { return }
        problem = "silent for \(age.components.seconds) s, limit \(heartbeat.limit.components.seconds) s"
    }
}
