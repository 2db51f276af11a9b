import LinuxIO
package import Observability

/// Counts notifications.
package final class NotificationMeter: Sendable {
    private struct State {
        var delivered = 0
        var failed = 0
        var isPending = false
    }

    private let state = Mutex(State())

    package init() {}

    func delivered() { state.withLock { $0.delivered += 1 } }

    func failed() { state.withLock { $0.failed += 1 } }

    func set(pending isPending: Bool) { state.withLock { $0.isPending = isPending } }

    package var metrics: [Metric] {
        let state = state.withLock { $0 }
        return [
            Metric(
                .counter, "secrets_distributor_notifications_total",
                "Attempts to notify an application of new content, by result.",
                by: [
                    (["result": "delivered"], Double(state.delivered)), (["result": "failed"], Double(state.failed)),
                ]),
            Metric(
                "secrets_distributor_notification_pending",
                "1 while an application has not been notified of new content.",
                state.isPending),
        ]
    }
}
