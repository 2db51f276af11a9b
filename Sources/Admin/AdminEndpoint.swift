package import HTTPServer
import LinuxIO
package import Observability

/// Serves the probes, the metrics and the status page over HTTP.
package final class AdminEndpoint: Sendable {
    /// The listening address. If the requested port is 0, it contains the port that the kernel chose.
    package let address: ListenAddress
    private let page: (@Sendable ([String: String]) async -> HTTPPage)?
    private let metrics: CachedValue<String>
    private let server: HTTPServer

    /// The maximum number of responses that are created at the same time.
    private static let parallel = 4

    /// Starts to listen. Probes are answered from now on, everything else once `serve` runs.
    ///
    /// - Throws: `ConfigurationError` if it cannot listen on the address.
    package init(
        address: ListenAddress, sources: AdminSources, logger: Logger, limits: HTTPServer.Limits = HTTPServer.Limits()
    ) throws {
        page = sources.page
        metrics = CachedValue(sources.metrics)
        server = try Self.listen(at: address, sources, limits)
        self.address = ListenAddress(host: address.host, port: server.port)
        logger.info("admin endpoint listens", ["address": .string(self.address.description)])
    }

    private static func listen(
        at address: ListenAddress, _ sources: AdminSources, _ limits: HTTPServer.Limits
    ) throws -> HTTPServer {
        do throws(LinuxError) {
            return try HTTPServer(host: address.host, port: address.port, limits: limits) { decide($0, sources) }
        } catch {
            guard error.operation == HTTPServer.listening else { throw error }
            throw ConfigurationError(
                source: "environment", field: "LISTEN_ADDRESS", value: address.description,
                expected: "a free port on an address of this machine, or an empty value: \(error)")
        }
    }

    /// Creates the responses that take time, until `stop` is called or the task is cancelled.
    package func serve() async {
        await withTaskGroup(of: Void.self) { group in
            var inFlight = 0
            for await deferred in server.deferredResponses where !deferred.isOver {
                if inFlight == Self.parallel {
                    await group.next()
                    inFlight -= 1
                }
                inFlight += 1
                group.addTask { deferred.reply(await self.answer(deferred.target)) }
            }
            group.cancelAll()
        }
    }

    /// Closes all connections and waits until the thread has ended, which takes milliseconds.
    package func stop() { server.stop() }

    private static func decide(_ target: String, _ sources: AdminSources) -> Decision {
        switch Route(target: target) {
        case .healthz(let isVerbose):
            .now(ProbeText.answer("healthz", sources.heartbeats().map { HealthCheck($0) }, isVerbose: isVerbose))
        case .readyz(let isVerbose): .now(ProbeText.answer("readyz", sources.readiness(), isVerbose: isVerbose))
        case .startupz(let isVerbose): .now(ProbeText.answer("startupz", sources.startup(), isVerbose: isVerbose))
        case .metrics: .later
        case .status where sources.page != nil: .later
        case .status: .now(noPage)
        case nil: .now(notFound(hasPage: sources.page != nil))
        }
    }

    private static func notFound(hasPage: Bool) -> HTTPResponse {
        HTTPResponse(
            status: 404,
            body: "not found; there are /healthz, /readyz, /startupz (each with ?verbose)"
                + "\(hasPage ? ", /metrics and /" : " and /metrics")\n")
    }
    private static let noPage = HTTPResponse(
        status: 404, body: "the status page is off; STATUS_PAGE=true turns it on\n")

    private static func answer(_ page: HTTPPage) -> HTTPResponse {
        HTTPResponse(
            contentType: "text/html; charset=utf-8",
            headers: ["Content-Security-Policy": page.securityPolicy, "Referrer-Policy": "no-referrer"],
            body: page.html)
    }

    private func answer(_ target: String) async -> HTTPResponse {
        switch Route(target: target) {
        case .metrics:
            HTTPResponse(contentType: Exposition.contentType, body: await metrics.value())
        case .status(let query):
            if let page { Self.answer(await page(query)) } else { Self.noPage }
        default: Self.notFound(hasPage: page != nil)
        }
    }
}
