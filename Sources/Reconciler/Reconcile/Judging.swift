import Distribution

/// Evaluates the access policy. An evaluation that takes long runs outside the queue, so that no key waits for it.
extension Controller {
    /// Whether the policy's verdict on `distribution` is known. Verdicts are kept while the policy and the mappings
    /// stay the same; an evaluation that is short runs at once. Otherwise the target is queued when the evaluation
    /// ends.
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

    /// Gives a turn to the namespace of a distribution: continues the namespace's evaluation in progress, or starts the
    /// evaluation of this distribution.
    func judge(_ key: ObjectKey) async {
        guard let evaluation = evaluation(inTurnOf: key), let judge = dependencies.judge else {
            // It was evaluated meanwhile, or is gone.
            if let target = cache.index.distributions[key]?.target { enqueue([target]) }
            return judging.finish(key, .done)
        }
        let (judgement, isOver) = await judge.advance(evaluation.judgement)
        let isOwn = evaluation.distribution.key == key
        if isOver {
            end(evaluation, judgement)
        } else {
            var rest = evaluation
            rest.judgement = judgement
            turns.putBack(rest)
        }
        // Unless its own evaluation has ended, the key waits again, behind the other namespaces.
        if !isOver || !isOwn { judging.add([key]) }
        judging.finish(key, .done)
    }

    /// The evaluation to continue or start in a turn of `key`; nil if there is none.
    private func evaluation(inTurnOf key: ObjectKey) -> PolicyTurns.Evaluation? {
        guard let policy = cache.policy.policy else { return nil }
        if let ongoing = turns.take(key.namespace), isWanted(ongoing), ongoing.policy == policy { return ongoing }
        guard let distribution = cache.index.distributions[key], !cache.verdicts.hasJudged(distribution) else {
            return nil
        }
        return PolicyTurns.Evaluation(
            distribution: distribution, policy: policy, judgement: policy.judgement(of: distribution))
    }

    /// Whether the verdict is still needed.
    private func isWanted(_ evaluation: PolicyTurns.Evaluation) -> Bool {
        guard let current = cache.index.distributions[evaluation.distribution.key] else { return false }
        return current.spec.mappings == evaluation.distribution.spec.mappings && !cache.verdicts.hasJudged(current)
    }

    /// Keeps the verdict if the policy and the mappings are still the same; otherwise the target's next reconciliation
    /// requests another evaluation.
    private func end(_ evaluation: PolicyTurns.Evaluation, _ judgement: AccessPolicy.Judgement) {
        let distribution = evaluation.distribution
        if cache.policy.policy == evaluation.policy, let current = cache.index.distributions[distribution.key],
            !cache.verdicts.hasJudged(current)
        {
            cache.verdicts.keep(evaluation.policy.refusal(judgement), of: distribution)
        }
        if let target = cache.index.distributions[distribution.key]?.target { enqueue([target]) }
    }
}
