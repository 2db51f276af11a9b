import Distribution

/// The policy's verdicts. One that takes long is found out beside the queue: no turn waits for it.
extension Controller {
    /// Whether it is known what the policy says of `distribution`: that is kept for as long as policy and mappings stay, and
    /// what takes little is found out at once. If not, the end of the judgement puts the target into the queue.
    func hasVerdict(on distribution: SecretsDistribution) -> Bool {
        guard let policy = cache.policy.policy, !cache.verdicts.hasJudged(distribution) else { return true }
        var judgement = policy.judgement(of: distribution)
        if dependencies.judge != nil, judgement.cost > PolicyJudge.short {
            judging.add([distribution.key])
            return false
        }
        while !judgement.advance(by: .max) {}
        cache.verdicts.keep(policy.refusal(judgement), of: distribution)
        return true
    }

    /// Evaluates the policy on a distribution. Keeps the verdict if it is about what there is by then; if not, the target's
    /// next reconciliation asks again.
    func judge(_ key: ObjectKey) async {
        defer { judging.finish(key, .done) }
        if let distribution = cache.index.distributions[key], let policy = cache.policy.policy,
            !cache.verdicts.hasJudged(distribution), let judge = dependencies.judge
        {
            guard let judgement = await judge.end(policy.judgement(of: distribution)) else { return }
            if cache.policy.policy == policy, let current = cache.index.distributions[key],
                !cache.verdicts.hasJudged(current)
            {
                cache.verdicts.keep(policy.refusal(judgement), of: distribution)
            }
        }
        if let target = cache.index.distributions[key]?.target { enqueue([target]) }
    }
}
