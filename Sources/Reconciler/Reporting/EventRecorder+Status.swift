import Distribution
import Kube
import KubeRuntime
import Planning

extension EventRecorder {
    /// Records an Event for a status if it is news, see `DistributionStatus.isNew`.
    ///
    /// - Parameters:
    ///   - last: the previous result; nil if this agent has not reconciled the distribution before.
    ///   - keys: the number of data keys in the target.
    func record(
        _ status: DistributionStatus, of distribution: SecretsDistribution, after last: DistributionStatus?, keys: Int
    ) {
        guard status.isNew(after: distribution.status, last) else { return }
        var message = status.message
        if status.targets != nil, status.reason == .synced, status.contentChanged {
            message = "\(status.message) Content was written from generation \(status.mountGeneration ?? "")."
        } else if status.reason == .synced, status.contentChanged, let target = distribution.target {
            message =
                "Secret \(target.name) was updated from generation \(status.mountGeneration ?? "")"
                + " (\(keys) \(keys == 1 ? "key" : "keys"))."
        }
        if let detail = status.eventDetail { message += " \(detail)" }
        record(
            status.reason == .synced ? .normal : .warning, on: distribution.involvedObject,
            reason: status.reason.rawValue, message: message)
    }
}

extension SecretsDistribution {
    fileprivate var involvedObject: Event.Object {
        Event.Object(
            apiVersion: WellKnownKeys.apiVersion, kind: kind, namespace: key.namespace, name: key.name,
            uid: uid,
            resourceVersion: resourceVersion)
    }
}
