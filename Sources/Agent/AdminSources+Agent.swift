import Admin
import Observability
import Reconciler
import StatusPage

extension AdminSources {
    /// The sources of a running agent.
    init(_ controller: Controller, _ backend: Backend, _ heartbeats: Heartbeats, withPage hasPage: Bool) {
        let all = heartbeats.all(controller.heartbeat, backend.elector?.heartbeat)
        let overview = CachedValue { await controller.overview() }
        let page: @Sendable ([String: String]) async -> HTTPPage = { query in
            let page = StatusPage(await overview.value(), StatusSelection(query))
            return HTTPPage(html: page.html, securityPolicy: StatusPage.policy)
        }
        self.init(
            heartbeats: { all }, readiness: { controller.probes.readiness }, startup: { controller.probes.startup },
            page: hasPage ? page : nil,
            metrics: {
                Exposition.text(await controller.metrics() + backend.metrics() + ProcessMetrics.current)
            })
    }
}
