import Distribution

/// The verdicts of one policy by target. A verdict is valid while the sources of the target's distribution, and the names
/// of the files in its folders, stay the same.
struct PolicyVerdicts: Sendable {
    private struct Verdict: Sendable {
        let mappings: [Mapping]
        let dataFrom: [DataSource]
        /// Set in mode `Audit` too.
        let refusal: Refusal?
    }

    private var verdicts: [ObjectKey: Verdict] = [:]

    var count: Int { verdicts.count }

    /// Whether the policy was evaluated on the sources of `distribution`.
    func hasVerdict(_ distribution: SecretsDistribution) -> Bool {
        guard let target = distribution.target, let verdict = verdicts[target] else { return false }
        return verdict.mappings == distribution.spec.mappings && verdict.dataFrom == distribution.spec.dataFrom
    }

    /// Why the distribution is denied; nil if it is allowed. A distribution that was not evaluated yet is denied.
    subscript(distribution: SecretsDistribution) -> Refusal? {
        guard hasVerdict(distribution) else {
            return Refusal(.policyDenied, "The access policy has not been evaluated yet.")
        }
        return distribution.target.flatMap { verdicts[$0]?.refusal }
    }

    mutating func keep(_ refusal: Refusal?, of distribution: SecretsDistribution) {
        guard let target = distribution.target else { return }
        verdicts[target] = Verdict(
            mappings: distribution.spec.mappings, dataFrom: distribution.spec.dataFrom, refusal: refusal)
    }

    /// Forgets the verdicts on distributions that read a folder, because files were added or removed.
    mutating func forgetFolders() {
        verdicts = verdicts.filter { $0.value.dataFrom.allSatisfy { $0.folder == nil } }
    }

    mutating func forget(_ target: ObjectKey) { verdicts[target] = nil }

    /// Forgets all verdicts, because the policy changed.
    mutating func forgetAll() { verdicts = [:] }
}
