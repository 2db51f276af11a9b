import Observability
import Snapshots

/// Whether the agent does its work: it has seen what it works with.
extension Controller {
    /// Why it does not, a phrase each; empty if it is ready.
    package var unreadiness: [String] { Self.unreadiness(snapshot, scopes, access) }

    static func unreadiness(
        _ snapshot: Snapshot?, _ scopes: [Scope: ScopeState], _ access: PolicyState
    ) -> [String] {
        var reasons: [String] = []
        if snapshot == nil { reasons.append("the mount has had no files yet") }
        for (scope, state) in scopes.sorted(by: { $0.key.description < $1.key.description }) {
            if !state.hasDistributions {
                reasons.append("the distributions of \(scope) have not been listed yet")
            }
            guard !state.hasTargets else { continue }
            reasons.append(
                state.failure.map { "the Secrets of \(scope) cannot be listed: \($0)" }
                    ?? "the Secrets of \(scope) have not been listed yet")
        }
        if let reason = access.unreadiness { reasons.append(reason) }
        return reasons
    }

    /// Logs that the agent is ready, or a reason why it is not that was not known.
    func announceReadiness() {
        let reasons = unreadiness
        defer { announced = reasons }
        vitals.unreadiness = reasons
        if reasons.isEmpty {
            if !announced.isEmpty { logger.info("ready") }
        } else if !reasons.allSatisfy(announced.contains) {
            logger.warning("not ready", ["reasons": .strings(reasons)])
        }
    }
}

extension Controller {
    /// The first full pass is done once all is known and nothing is due. A follower leaves the pass to the leader.
    ///
    /// To be called when what an event calls for is in the queue.
    func noteStart() {
        guard !vitals.hasStarted, announced.isEmpty, isFollowing || queue.isIdle else { return }
        vitals.hasStarted = true
        logger.info("first pass done", ["distributions": .int(index.distributions.count)])
    }
}

extension Scope: CustomStringConvertible {
    package var description: String { namespace.map { "namespace \($0)" } ?? "all namespaces" }
}
