import Distribution
import Stores

/// The state of the access policy.
///
/// If the newest policy is invalid, the last valid one is kept. Until a valid one is read, nothing may be written.
struct PolicyState: Sendable {
    /// Whether a policy is configured.
    let isWanted: Bool
    /// The last valid policy.
    private(set) var policy: AccessPolicy?
    /// Why the newest policy cannot be used.
    private(set) var problem: String?

    init(isWanted: Bool) { self.isWanted = isWanted }

    /// Whether the policy was read, or none is configured.
    var isKnown: Bool { allowsWrites || problem != nil }

    /// Whether anything may be written or removed.
    var allowsWrites: Bool { !isWanted || policy != nil }

    /// Why the policy keeps the agent from being ready; nil if it does not.
    var unreadiness: String? {
        if let problem { return "the access policy cannot be used: \(problem)" }
        return isKnown ? nil : "the access policy has not been read yet"
    }

    /// Stores a reading of the policy.
    ///
    /// - Returns: whether all targets must be evaluated again.
    mutating func store(_ reading: PolicyReading) -> Bool {
        let old = (policy, problem)
        problem = reading.problem
        if case .usable(let new) = reading { policy = new }
        return policy == nil ? problem != old.1 : policy != old.0
    }

    /// Why the target of `distribution` must not be written; nil if it may. The message does not include the policy's
    /// problems, because they can quote values about other tenants.
    ///
    /// - Parameter verdicts: the policy's verdicts, including the one on this distribution.
    func refusal(of distribution: SecretsDistribution, _ verdicts: PolicyVerdicts) -> Refusal? {
        guard isWanted else { return nil }
        guard let policy else {
            let reason = problem == nil ? ": it has not been read yet." : "; the agent's log says why."
            return Refusal(.policyDenied, "The access policy cannot be used\(reason)")
        }
        return policy.mode == .enforce ? verdicts[distribution] : nil
    }

    /// What an enforcing policy would deny; nil if the policy enforces or denies nothing.
    func remark(on distribution: SecretsDistribution, _ verdicts: PolicyVerdicts) -> String? {
        policy?.mode == .audit ? verdicts[distribution]?.message : nil
    }
}
