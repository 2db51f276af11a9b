import Distribution
import Stores

/// What is known of the access policy.
///
/// One that cannot be used changes nothing: the last good one stays. Before the first good one nothing may be written.
struct PolicyState: Sendable {
    /// There is to be a policy.
    let isWanted: Bool
    /// The last good one.
    private(set) var policy: AccessPolicy?
    /// Why the newest one cannot be used.
    private(set) var problem: String?

    init(isWanted: Bool) { self.isWanted = isWanted }

    /// It was read, or is not wanted.
    var isKnown: Bool { allowsWrites || problem != nil }

    /// Something may be written or removed at all.
    var allowsWrites: Bool { !isWanted || policy != nil }

    /// Why the agent is not ready; nil if it is as far as the policy goes.
    var unreadiness: String? {
        if let problem { return "the access policy cannot be used: \(problem)" }
        return isKnown ? nil : "the access policy has not been read yet"
    }

    /// Takes over what was read.
    ///
    /// - Returns: whether targets are to be judged anew.
    mutating func take(_ reading: PolicyReading) -> Bool {
        let old = (policy, problem)
        problem = reading.problem
        if case .usable(let new) = reading { policy = new }
        return policy == nil ? problem != old.1 : policy != old.0
    }

    /// Why the target of `distribution` must not be written; nil if it may. What is wrong with the policy is not for its
    /// author: the values that are quoted there tell of others.
    ///
    /// - Parameter verdicts: those of the policy, on this distribution among others.
    func refusal(of distribution: SecretsDistribution, _ verdicts: PolicyVerdicts) -> Refusal? {
        guard isWanted else { return nil }
        guard let policy else {
            let reason = problem == nil ? ": it has not been read yet." : "; the agent's log says why."
            return Refusal(.policyDenied, "The access policy cannot be used\(reason)")
        }
        return policy.mode == .enforce ? verdicts[distribution] : nil
    }

    /// What is let through only because the policy audits; nil if nothing is.
    func remark(on distribution: SecretsDistribution, _ verdicts: PolicyVerdicts) -> String? {
        policy?.mode == .audit ? verdicts[distribution]?.message : nil
    }
}
