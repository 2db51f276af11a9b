import Kube
import KubeCurl
import LinuxIO
package import Observability

/// Counts attempts at requests and measures their duration, by verb and resource.
final class RequestMeter: Sendable {
    private struct Target: Hashable {
        let verb: Operation.Verb
        let resource: String
    }

    private struct Figures {
        var durations = Histogram(bounds: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30])
        /// By status code; `noResponse` if there was no response.
        var codes: [Int: Int] = [:]

        mutating func count(_ status: Int, _ duration: Duration) {
            durations.observe(duration)
            codes[status, default: 0] += 1
        }
    }

    private static let noResponse = 0

    private let figures = Mutex<[Target: Figures]>([:])

    /// Performs one attempt and counts it. A cancelled attempt does not count, because it shows nothing about the API
    /// server.
    func measuring(
        _ operation: Operation, _ attempt: () async throws(TransportFailure) -> CurlTransport.Answer
    ) async throws(TransportFailure) -> CurlTransport.Answer {
        let begin = ContinuousClock.now
        do {
            let answer = try await attempt()
            count(operation, answer.response.status, .now - begin)
            return answer
        } catch {
            if error != .cancelled, error != .shutDown { count(operation, Self.noResponse, .now - begin) }
            throw error
        }
    }

    private func count(_ operation: Operation, _ status: Int, _ duration: Duration) {
        // The names of resources are a fixed set. A path can be any text.
        let isPath = operation.resource.hasPrefix("/")
        let target = Target(verb: operation.verb, resource: isPath ? "other" : operation.resource)
        figures.withLock { $0[target, default: Figures()].count(status, duration) }
    }

    var metrics: [Metric] {
        var requests = Metric(
            .counter, "secrets_distributor_api_requests_total",
            "Attempts at requests to the API server, by status code; error if there was no response.")
        var durations = Metric(
            .histogram, "secrets_distributor_api_request_duration_seconds",
            "Duration of an attempt at a request; for a watch, until the response headers arrive.")
        let all = figures.withLock { $0 }.map {
            (verb: $0.key.verb.rawValue, resource: $0.key.resource, figures: $0.value)
        }
        for (verb, resource, figures) in all.sorted(by: { ($0.resource, $0.verb) < ($1.resource, $1.verb) }) {
            durations.add(.histogram(figures.durations), ["verb": verb, "resource": resource])
            for (code, count) in figures.codes.sorted(by: { $0.key < $1.key }) {
                requests.add(
                    .number(Double(count)),
                    ["verb": verb, "resource": resource, "code": code == Self.noResponse ? "error" : String(code)])
            }
        }
        return [requests, durations]
    }
}

/// Counts the lists and watches that ended with an error and were restarted, for all watchers by resource.
package final class WatchMeter: Sendable {
    private let restarts = Mutex<[String: Int]>([:])

    package init() {}

    /// Adds the resource with a count of zero, so that its first error is an increase of an existing series.
    func begin(_ resource: Resource) { restarts.withLock { $0[resource.plural, default: 0] += 0 } }

    func restart(_ resource: Resource) { restarts.withLock { $0[resource.plural, default: 0] += 1 } }

    package var metrics: [Metric] {
        let counts = restarts.withLock { $0 }.sorted { $0.key < $1.key }
        return [
            Metric(
                .counter, "secrets_distributor_watch_restarts_total",
                "Lists and watches that ended with an error and were restarted.",
                by: counts.map { (["resource": $0.key], Double($0.value)) })
        ]
    }
}
