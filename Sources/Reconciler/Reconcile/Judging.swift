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

    /// Gives the namespace of a distribution a turn: goes on with the evaluation that is under way there, or begins this one.
    func judge(_ key: ObjectKey) async {
        guard let evaluation = evaluation(inTurnOf: key), let judge = dependencies.judge else {
            // Judged meanwhile, or gone.
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
        // What is not over, and what has had another's turn, lines up again: behind the other namespaces.
        if !isOver || !isOwn { judging.add([key]) }
        judging.finish(key, .done)
    }

    /// What to do in a turn of `key`; nil: nothing.
    private func evaluation(inTurnOf key: ObjectKey) -> PolicyTurns.Evaluation? {
        guard let policy = cache.policy.policy else { return nil }
        if let ongoing = turns.take(key.namespace), isWanted(ongoing), ongoing.policy == policy { return ongoing }
        guard let distribution = cache.index.distributions[key], !cache.verdicts.hasJudged(distribution) else {
            return nil
        }
        return PolicyTurns.Evaluation(
            distribution: distribution, policy: policy, judgement: policy.judgement(of: distribution))
    }

    /// Whether the verdict would be about what there is now.
    private func isWanted(_ evaluation: PolicyTurns.Evaluation) -> Bool {
        guard let current = cache.index.distributions[evaluation.distribution.key] else { return false }
        return current.spec.mappings == evaluation.distribution.spec.mappings && !cache.verdicts.hasJudged(current)
    }

    /// Keeps the verdict if it is about what there is by now; if not, the target's next reconciliation asks again.
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
