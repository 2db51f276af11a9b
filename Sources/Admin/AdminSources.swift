package import Observability

/// Where the endpoint has from what it shows. The first three are asked on the server's own thread, so that they work
/// while the cooperative pool is stuck: they must not block.
package struct AdminSources: Sendable {
    /// Of all that has to go on.
    package var heartbeats: @Sendable () -> [Heartbeat]
    package var readiness: @Sendable () -> [HealthCheck]
    package var startup: @Sendable () -> [HealthCheck]
    /// The status page for a query.
    package var page: @Sendable ([String: String]) async -> HTTPPage
    /// In Prometheus' text format.
    package var metrics: @Sendable () async -> String

    package init(
        heartbeats: @escaping @Sendable () -> [Heartbeat], readiness: @escaping @Sendable () -> [HealthCheck],
        startup: @escaping @Sendable () -> [HealthCheck],
        page: @escaping @Sendable ([String: String]) async -> HTTPPage,
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
