import Distribution

/// What one policy says of distributions, each for as long as it maps the same.
struct PolicyVerdicts: Sendable {
    private struct Verdict: Sendable {
        let mappings: [Mapping]
        /// Also of a policy that only audits.
        let refusal: Refusal?
    }

    private var verdicts: [ObjectKey: Verdict] = [:]

    /// Whether it is known what the policy says of what `distribution` maps.
    func hasJudged(_ distribution: SecretsDistribution) -> Bool {
        verdicts[distribution.key]?.mappings == distribution.spec.mappings
    }

    /// Why it is denied; nil if it is not. One that was not judged is denied: nobody has said yet that it is not.
    subscript(distribution: SecretsDistribution) -> Refusal? {
        guard hasJudged(distribution) else {
            return Refusal(.policyDenied, "The access policy has not been asked yet.")
        }
        return verdicts[distribution.key]?.refusal
    }

    mutating func keep(_ refusal: Refusal?, of distribution: SecretsDistribution) {
        verdicts[distribution.key] = Verdict(mappings: distribution.spec.mappings, refusal: refusal)
    }

    mutating func forget(_ distribution: ObjectKey) { verdicts[distribution] = nil }

    /// There is another policy.
    mutating func forgetAll() { verdicts = [:] }
}
