import Kube
import LinuxIO
package import Observability

/// Counts, for all watchers of a kind of object, the lists and watches that ended by an error and were begun anew.
package final class WatchMeter: Sendable {
    private let restarts = Mutex<[String: Int]>([:])

    package init() {}

    /// From the first watcher on the count is there, so that the first error is seen as an increase.
    func begin(_ resource: Resource) { restarts.withLock { $0[resource.plural, default: 0] += 0 } }

    func restart(_ resource: Resource) { restarts.withLock { $0[resource.plural, default: 0] += 1 } }

    package var metrics: [Metric] {
        let counts = restarts.withLock { $0 }.sorted { $0.key < $1.key }
        return [
            Metric(
                .counter, "secrets_distributor_watch_restarts_total",
                "Lists and watches that ended by an error and were begun anew.",
                by: counts.map { (["resource": $0.key], Double($0.value)) })
        ]
    }
}
