import Distribution
import Planning

/// Plans a target, also with a mount that is behind another agent's.
extension Controller {
    enum Planned {
        case plan(Plan)
        /// The target's content is newer than the mount's, with what our mount does not allow.
        case behind(Refusal?)
    }

    /// The plan for a target, without what an agent with an older mount must leave to others.
    @inline(never)
    func planned(
        _ desired: DesiredTarget, _ distribution: SecretsDistribution, over actual: ObservedTarget?,
        _ newer: NewerContent, _ review: TargetReview
    ) -> Planned {
        let plan = Plan(
            desired: desired, observed: actual, managedBy: settings.managedBy,
            held: review.refusal ?? secrets.refusal(of: desired))
        guard newer.isNewer else { return .plan(plan) }
        switch plan {
        // What our outdated mount does not allow, the newer mount may allow.
        case .refuse(let refusal): return .behind(refusal)
        case .update(let old, let patch):
            let kept = patch.keeping(
                newer, by: distribution.spec, generation: old.mountGeneration, behind: volumesBehind(old))
            return kept.isEmpty ? .behind(nil) : .plan(.update(old, kept))
        case .recreate: return .behind(nil)
        case .create, .unchanged: return .plan(plan)
        }
    }

    /// The target's content that is newer than our mount's. Empty unless the name of its generation is newer.
    @inline(never)
    func newerContent(
        _ actual: ObservedTarget?, than desired: DesiredTarget, _ distribution: SecretsDistribution
    ) -> NewerContent {
        guard let actual, isAhead(actual) else {
            targetRecords.newerGenerations.forget(desired.key)
            return NewerContent()
        }
        // Without a status subresource each status raises the generation.
        let reported = statuses.definition.hasStatusSubresource ? distribution.status.observedGeneration : nil
        let behind = volumesBehind(actual)
        return targetRecords.newerGenerations.compare(
            actual, with: desired, by: distribution.spec,
            isAmended: reported.map { $0 != distribution.generation } ?? false,
            isBehind: { [snapshot = cache.mount.snapshot] in behind.contains(snapshot?.volume(of: $0.text) ?? "") },
            held: { cache.mount.allDigests() })
    }

    func volumesBehind(_ target: ObservedTarget) -> Set<String> {
        cache.mount.generations.volumesBehind(target.mountGeneration, now: .now())
    }

    /// Whether the target's content came from a generation whose name is newer than ours.
    func isAhead(_ target: ObservedTarget?) -> Bool {
        guard let target, target.managedBy == settings.managedBy else { return false }
        return cache.mount.generations.isNewerThanOurs(target.mountGeneration, now: .now())
    }
}
