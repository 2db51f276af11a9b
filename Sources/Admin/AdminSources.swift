package import Observability

/// What supplies the endpoint's data. The first three closures run on the server's own thread and must not block, so
/// that probes work while the cooperative pool is blocked.
package struct AdminSources: Sendable {
    /// The heartbeats of all parts of the agent.
    package var heartbeats: @Sendable () -> [Heartbeat]
    package var readiness: @Sendable () -> [HealthCheck]
    package var startup: @Sendable () -> [HealthCheck]
    /// Renders the status page for the values of a query string; nil if the page is not served.
    package var page: (@Sendable ([String: String]) async -> HTTPPage)?
    /// The metrics in Prometheus' text format.
    package var metrics: @Sendable () async -> String

    package init(
        heartbeats: @escaping @Sendable () -> [Heartbeat], readiness: @escaping @Sendable () -> [HealthCheck],
        startup: @escaping @Sendable () -> [HealthCheck],
        page: (@Sendable ([String: String]) async -> HTTPPage)?,
        metrics: @escaping @Sendable () async -> String
    ) {
        self.heartbeats = heartbeats
        self.readiness = readiness
        self.startup = startup
        self.page = page
        self.metrics = metrics
    }
}

/// An HTML document and its Content-Security-Policy.
package struct HTTPPage: Sendable {
    package let html: String
    package let securityPolicy: String

    package init(html: String, securityPolicy: String) {
        self.html = html
        self.securityPolicy = securityPolicy
    }
}
