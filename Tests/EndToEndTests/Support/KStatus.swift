import JSON

/// The state of a custom resource as kstatus computes it, which Flux, kpt and others wait for. The rules are those of
/// `status.Compute` (sigs.k8s.io/cli-utils/pkg/kstatus): the deletion, the observed generation, the conditions
/// `Reconciling` and `Stalled`, then `Ready`.
enum KStatus: Equatable {
    case inProgress, failed, current, terminating

    init(of object: JSONValue) {
        let (metadata, status) = (object["metadata"], object["status"])
        let isTrue = { (type: String) in
            status?["conditions"]?.array?.contains { $0["type"]?.string == type && $0["status"]?.string == "True" }
                == true
        }
        let ready = status?["conditions"]?.array?.first { $0["type"]?.string == "Ready" }?["status"]?.string
        if metadata?["deletionTimestamp"] != nil {
            self = .terminating
        } else if let observed = status?["observedGeneration"]?.int, observed != metadata?["generation"]?.int {
            self = .inProgress
        } else if isTrue("Reconciling") {
            self = .inProgress
        } else if isTrue("Stalled") {
            self = .failed
        } else {
            self = ready == nil || ready == "True" ? .current : .inProgress
        }
    }
}
