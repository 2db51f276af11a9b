import Observability
import Snapshots

/// Whether the agent does its work: it has seen what it works with.
extension Controller {
    /// Why it does not, a phrase each; empty if it is ready.
    package var unreadiness: [String] { vitals.readiness.compactMap(\.problem) }

    static func readiness(_ snapshot: Snapshot?, _ scopes: [Scope: ScopeState], _ access: PolicyState) -> [Check] {
        var checks = [Check("mount", problem: snapshot == nil ? "the mount has had no files yet" : nil)]
        for (scope, state) in scopes.sorted(by: { $0.key.description < $1.key.description }) {
            checks.append(
                Check(
                    "distributions in \(scope)",
                    problem: state.hasDistributions ? nil : "the distributions of \(scope) have not been listed yet"))
            checks.append(
                Check(
                    "Secrets in \(scope)",
                    problem: state.hasTargets
                        ? nil
                        : state.failure.map { "the Secrets of \(scope) cannot be listed: \($0)" }
                            ?? "the Secrets of \(scope) have not been listed yet"))
        }
        if access.isWanted { checks.append(Check("access policy", problem: access.unreadiness)) }
        return checks
    }

    /// Logs that the agent is ready, or a reason why it is not that was not known.
    func announceReadiness() {
        let known = unreadiness
        vitals.readiness = Self.readiness(snapshot, scopes, access)
        let reasons = unreadiness
        if reasons.isEmpty {
            if !known.isEmpty { logger.info("ready") }
        } else if !reasons.allSatisfy(known.contains) {
            logger.warning("not ready", ["reasons": .strings(reasons)])
        }
    }
}

extension Controller {
    /// The first full pass is done once all is known and nothing is due. A follower leaves the pass to the leader, if
    /// there is one.
    ///
    /// To be called when what an event calls for is in the queue.
    func noteStart() {
        guard !vitals.hasStarted, unreadiness.isEmpty, isFollowing ? isLed : queue.isIdle else { return }
        vitals.hasStarted = true
        logger.info("first pass done", ["distributions": .int(index.distributions.count)])
        rehearsal?.sumUp(outcomes)
    }
}

extension Scope: CustomStringConvertible {
    package var description: String { namespace.map { "namespace \($0)" } ?? "all namespaces" }
}
