import Distribution

/// The policy's verdicts. One that takes long is found out beside the queue: no turn waits for it.
extension Controller {
    /// Whether it is known what the policy says of `distribution`: that is kept for as long as policy and mappings stay, and
    /// what takes little is found out at once. If not, the end of the judgement puts the target into the queue.
    func hasVerdict(on distribution: SecretsDistribution) -> Bool {
        guard let policy = access.policy, !verdicts.hasJudged(distribution) else { return true }
        var judgement = policy.judgement(of: distribution)
        if judge != nil, judgement.cost > PolicyJudge.short {
            unjudged.add(distribution.key, at: .now)
            wakeUp.yield()
            return false
        }
        while !judgement.advance(by: .max) {}
        verdicts.keep(policy.refusal(judgement), of: distribution)
        return true
    }

    /// What is to be judged next, and by what; nil if nothing is, or something is being judged.
    func nextToJudge() -> (SecretsDistribution, AccessPolicy)? {
        while stoppedAt == nil, let key = unjudged.next(at: .now) {
            if let distribution = index.distributions[key], let policy = access.policy,
                !verdicts.hasJudged(distribution)
            {
                return (distribution, policy)
            }
            endJudgement(of: key)
        }
        return nil
    }

    /// Keeps the verdict if it is about what there is by then; if not, the target's next turn asks again.
    func judge(_ distribution: SecretsDistribution, by policy: AccessPolicy) async {
        guard let judgement = await judge?.end(policy.judgement(of: distribution)) else { return }
        if access.policy == policy, let current = index.distributions[distribution.key],
            !verdicts.hasJudged(current)
        {
            verdicts.keep(policy.refusal(judgement), of: distribution)
        }
        endJudgement(of: distribution.key)
    }

    private func endJudgement(of key: ObjectKey) {
        unjudged.finish(key, .done, at: .now, jitter: 0)
        if let target = index.distributions[key]?.target { enqueue([target]) }
        wakeUp.yield()
    }
}
