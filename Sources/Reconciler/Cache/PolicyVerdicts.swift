import Distribution

/// The verdicts of one policy by distribution. A verdict is valid while the distribution's mappings stay the same.
struct PolicyVerdicts: Sendable {
    private struct Verdict: Sendable {
        let mappings: [Mapping]
        /// Set in mode `Audit` too.
        let refusal: Refusal?
    }

    private var verdicts: [ObjectKey: Verdict] = [:]

    /// Whether the policy was evaluated on the mappings of `distribution`.
    func hasVerdict(_ distribution: SecretsDistribution) -> Bool {
        verdicts[distribution.key]?.mappings == distribution.spec.mappings
    }

    /// Why the distribution is denied; nil if it is allowed. A distribution that was not evaluated yet is denied.
    subscript(distribution: SecretsDistribution) -> Refusal? {
        guard hasVerdict(distribution) else {
            return Refusal(.policyDenied, "The access policy has not been evaluated yet.")
        }
        return verdicts[distribution.key]?.refusal
    }

    mutating func keep(_ refusal: Refusal?, of distribution: SecretsDistribution) {
        verdicts[distribution.key] = Verdict(mappings: distribution.spec.mappings, refusal: refusal)
    }

    mutating func forget(_ distribution: ObjectKey) { verdicts[distribution] = nil }

    /// Forgets all verdicts, because the policy changed.
    mutating func forgetAll() { verdicts = [:] }
}
