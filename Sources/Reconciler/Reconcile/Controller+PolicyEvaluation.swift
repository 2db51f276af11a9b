import Distribution

/// Evaluates the access policy. An evaluation that takes long runs outside the queue, so that no key waits for it.
extension Controller {
    /// Whether the policy's verdict on `distribution` is known. Verdicts are kept while the policy and the sources
    /// stay the same; an evaluation that is short runs at once. Otherwise the target is queued when the evaluation
    /// ends.
    func hasVerdict(on distribution: SecretsDistribution) -> Bool {
        guard let policy = cache.policy.policy, !cache.verdicts.hasVerdict(distribution) else { return true }
        var evaluation = policy.evaluation(of: distribution, files: files(of: distribution.spec))
        if dependencies.evaluator != nil, evaluation.cost > PolicyEvaluator.short, let target = distribution.target {
            evaluations.add([target])
            return false
        }
        while !evaluation.advance(by: .max) {}
        cache.verdicts.keep(policy.refusal(evaluation), of: distribution)
        return true
    }

    /// All files that a spec reads, with those of its folders.
    func files(of spec: DistributionSpec) -> [SourcePath] {
        guard let snapshot = cache.mount.snapshot, !spec.folders.isEmpty else { return spec.files }
        return certificateChecks.files(of: spec, in: snapshot)
    }

    /// Gives a turn to the namespace of a target: continues the namespace's evaluation in progress, or starts the
    /// evaluation of this target's distribution.
    func evaluatePolicy(for key: ObjectKey) async {
        guard var ongoing = evaluation(inTurnOf: key), let evaluator = dependencies.evaluator else {
            // It was evaluated meanwhile, or is gone.
            if cache.index.hasContenders(for: key) { enqueue([key]) }
            return evaluations.finish(key, .done)
        }
        let isOver: Bool
        (ongoing.evaluation, isOver) = await evaluator.advance(ongoing.evaluation)
        if isOver { end(ongoing) } else { ongoingEvaluations.putBack(ongoing) }
        // Unless its own evaluation has ended, the key waits again, behind the other namespaces.
        if !isOver || ongoing.distribution.target != key { evaluations.add([key]) }
        evaluations.finish(key, .done)
    }

    /// The evaluation to continue or start in a turn of `key`; nil if there is none.
    private func evaluation(inTurnOf key: ObjectKey) -> OngoingEvaluations.Item? {
        guard let policy = cache.policy.policy else { return nil }
        if let ongoing = ongoingEvaluations.removeEvaluation(of: key.namespace), isWanted(ongoing),
            ongoing.policy == policy
        {
            return ongoing
        }
        guard let distribution = cache.index.winner(of: key), !cache.verdicts.hasVerdict(distribution) else {
            return nil
        }
        let files = files(of: distribution.spec)
        return OngoingEvaluations.Item(
            distribution: distribution, files: files, policy: policy,
            evaluation: policy.evaluation(of: distribution, files: files))
    }

    /// Whether the verdict is still needed.
    private func isWanted(_ ongoing: OngoingEvaluations.Item) -> Bool {
        guard let current = cache.index.current(ongoing.distribution), current.target != nil else { return false }
        return files(of: current.spec) == ongoing.files && !cache.verdicts.hasVerdict(current)
    }

    /// Keeps the verdict if the policy and the files are still the same; otherwise the target's next reconciliation
    /// requests another evaluation.
    private func end(_ ended: OngoingEvaluations.Item) {
        let current = cache.index.current(ended.distribution)
        if cache.policy.policy == ended.policy, isWanted(ended), let current {
            cache.verdicts.keep(ended.policy.refusal(ended.evaluation), of: current)
        }
        if let target = current?.target { enqueue([target]) }
    }
}
