import Distribution

/// Evaluates the access policy. An evaluation that takes long runs outside the queue, so that no key waits for it.
extension Controller {
    /// Whether the policy's verdict on `distribution` is known. Verdicts are kept while the policy and the mappings
    /// stay the same; an evaluation that is short runs at once. Otherwise the target is queued when the evaluation
    /// ends.
    func hasVerdict(on distribution: SecretsDistribution) -> Bool {
        guard let policy = cache.policy.policy, !cache.verdicts.hasVerdict(distribution) else { return true }
        var evaluation = policy.evaluation(of: distribution)
        if dependencies.evaluator != nil, evaluation.cost > PolicyEvaluator.short {
            evaluations.add([distribution.key])
            return false
        }
        while !evaluation.advance(by: .max) {}
        cache.verdicts.keep(policy.refusal(evaluation), of: distribution)
        return true
    }

    /// Evaluates the policy on a distribution. Keeps the verdict if the policy and the mappings are still the same;
    /// otherwise the target's next reconciliation requests another evaluation.
    func judge(_ key: ObjectKey) async {
        defer { evaluations.finish(key, .done) }
        if let distribution = cache.index.distributions[key], let policy = cache.policy.policy,
            !cache.verdicts.hasVerdict(distribution), let evaluator = dependencies.evaluator
        {
            guard let evaluation = await evaluator.evaluate(policy.evaluation(of: distribution)) else { return }
            if cache.policy.policy == policy, let current = cache.index.distributions[key],
                !cache.verdicts.hasVerdict(current)
            {
                cache.verdicts.keep(policy.refusal(evaluation), of: distribution)
            }
        }
        if let target = cache.index.distributions[key]?.target { enqueue([target]) }
    }
}
