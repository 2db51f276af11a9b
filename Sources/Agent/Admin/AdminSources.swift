package import Observability

/// Where the endpoint has from what it shows. The first three are asked on the server's own thread, so that they work
/// while the cooperative pool is stuck: they must not block.
package struct AdminSources: Sendable {
    /// Of all that has to go on.
    package var heartbeats: @Sendable () -> [Heartbeat]
    package var readiness: @Sendable () -> [Check]
    package var startup: @Sendable () -> [Check]
    package var overview: @Sendable () async -> Overview
    /// In Prometheus' text format.
    package var metrics: @Sendable () async -> String

    package init(
        heartbeats: @escaping @Sendable () -> [Heartbeat], readiness: @escaping @Sendable () -> [Check],
        startup: @escaping @Sendable () -> [Check], overview: @escaping @Sendable () async -> Overview,
        metrics: @escaping @Sendable () async -> String
    ) {
        self.heartbeats = heartbeats
        self.readiness = readiness
        self.startup = startup
        self.overview = overview
        self.metrics = metrics
    }

    /// Those of a running agent.
    init(_ controller: Controller, _ backend: Backend, _ heartbeats: Heartbeats) {
        let all = heartbeats.all(controller.heartbeat, backend.elector?.heartbeat)
        self.init(
            heartbeats: { all }, readiness: { controller.vitals.readiness }, startup: { controller.vitals.startup },
            overview: { await controller.overview() },
            metrics: {
                Exposition.text(await controller.metrics() + backend.metrics() + ProcessMetrics.current)
            })
    }
}
