import Distribution
import Planning
import Scheduling

/// Tracks changes by other writers to our targets, and limits corrections. A value; time is a parameter.
struct DriftTracker: Sendable {
    typealias Instant = ContinuousClock.Instant

    private struct Contest: Sendable {
        var budget = CorrectionBudget<Instant>()
        /// The fingerprint of the desired target when we last wrote the Secret, or `removal`; nil before the first write
        /// since another writer changed it.
        var desiredHash: Int?
        /// The field manager of the last change; nil if unknown.
        var manager: String?
    }

    /// A write whose result differs from what was sent.
    private struct Altered: Sendable {
        let desiredHash: Int
        let stored: ObservedTarget
        let message: String
        let until: Instant
    }

    /// A Secret that the server made immutable.
    private struct MadeImmutable: Sendable {
        let uid: String
        let message: String
    }

    /// False in a dry run, where nothing is written that others could change.
    let isWatching: Bool
    /// Targets that other writers have changed since we wrote them.
    private var contests: [ObjectKey: Contest] = [:]
    private var altered: [ObjectKey: Altered] = [:]
    /// Secrets that the server made immutable. This holds as long as they exist, whatever else is written to them.
    private var madeImmutable: [ObjectKey: MadeImmutable] = [:]

    init(isWatching: Bool = true) { self.isWatching = isWatching }

    /// Stands for the fingerprint of a target that is removed or released.
    static let removal = 0

    /// How long a target is left as the server stored it before the write is tried again.
    private static let alterationPause: Duration = .seconds(600)

    /// The number of targets that other writers keep changing.
    func contestedCount(at now: Instant) -> Int {
        contests.values.count { $0.budget.remainingContention(at: now) != nil }
    }

    /// Records that another writer changed or removed a target.
    mutating func recordForeignChange(_ target: ObjectKey, by manager: String?, at now: Instant) {
        guard isWatching else { return }
        contests[target, default: Contest()].budget.recordForeignChange(at: now)
        name(manager, at: target)
    }

    /// Records the field manager that changed a target, after the target was read. A removal, or the loss of our label,
    /// is an event that does not name the manager.
    mutating func name(_ manager: String?, at target: ObjectKey) {
        if let manager, contests[target] != nil { contests[target]?.manager = manager }
    }

    /// Records that the target is in sync.
    mutating func recordInSync(_ target: ObjectKey, at now: Instant) {
        altered[target] = nil
        guard contests[target] != nil else { return }
        contests[target]?.budget.recordInSync()
        if contests[target]?.budget.isFull(at: now) == true { contests[target] = nil }
    }

    /// Allows one write without a wait, because a comparison was requested. It is tried even if the server altered the
    /// last one.
    mutating func allowOneWrite(_ target: ObjectKey) {
        contests[target]?.budget.allowOneWrite()
        altered[target] = nil
    }

    /// Drops the state of a target that no distribution describes any more, but keeps the record of writers that recreate
    /// it.
    mutating func forgetUnclaimed(_ target: ObjectKey) {
        if let desiredHash = contests[target]?.desiredHash, desiredHash != Self.removal { contests[target] = nil }
        altered[target] = nil
        madeImmutable[target] = nil
    }

    /// Forgets a target that no distribution of ours describes any more.
    mutating func forget(_ target: ObjectKey) {
        contests[target] = nil
        altered[target] = nil
        madeImmutable[target] = nil
    }

    /// How long a write that corrects another writer's change must wait; nil if it may be sent.
    ///
    /// - Parameter desiredHash: fingerprint of the desired target. If it changed, because of a rotation or an edit of the
    ///   distribution, the write does not wait.
    func wait(for target: ObjectKey, desiredHash: Int, at now: Instant) -> Duration? {
        guard let contest = contests[target], contest.desiredHash == desiredHash else { return nil }
        return contest.budget.wait(at: now)
    }

    /// Whether another writer has changed the target since it was last in sync.
    func hasForeignChange(_ target: ObjectKey) -> Bool { contests[target]?.budget.hasForeignChange ?? false }

    /// Records a write of a target.
    ///
    /// - Parameter hadForeignChange: the value of `hasForeignChange` before the write. The event of the write may arrive before
    ///   its response.
    /// - Returns: whether the write corrected another writer's change.
    mutating func recordWrite(_ target: ObjectKey, desiredHash: Int, hadForeignChange: Bool, at now: Instant) -> Bool {
        let last = contests[target]?.desiredHash
        guard hadForeignChange, last == nil || last == desiredHash else {
            if let last, (last == Self.removal) != (desiredHash == Self.removal) {
                // A writer that recreated a removed Secret is not one that changes its content: start counting again.
                contests[target] = nil
            } else {
                contests[target]?.desiredHash = desiredHash
            }
            recordInSync(target, at: now)
            return false
        }
        contests[target, default: Contest()].desiredHash = desiredHash
        contests[target]?.budget.correct(at: now)
        return true
    }

    /// The field manager that keeps changing the content of a target, and for how long the target counts as contested;
    /// nil if it is not contested.
    func contention(of target: ObjectKey, at now: Instant) -> (manager: String?, lasts: Duration)? {
        guard contests[target]?.desiredHash != Self.removal else { return nil }
        return current(target, at: now)
    }

    /// Like `contention(of:at:)`, for a target that was removed or released.
    func restoration(of target: ObjectKey, at now: Instant) -> (manager: String?, lasts: Duration)? {
        contests[target]?.desiredHash == Self.removal ? current(target, at: now) : nil
    }

    private func current(_ target: ObjectKey, at now: Instant) -> (manager: String?, lasts: Duration)? {
        guard let contest = contests[target], let lasts = contest.budget.remainingContention(at: now) else {
            return nil
        }
        return (contest.manager, lasts)
    }

    /// Forgets targets that have stayed as they should be: one that was removed may never be compared again.
    mutating func forgetSettled(at now: Instant) { contests = contests.filter { !$0.value.budget.isFull(at: now) } }
}

extension DriftTracker {
    /// Records that the server stored something other than what was sent.
    ///
    /// - Parameter isMadeImmutable: whether the server made the Secret immutable.
    mutating func alter(
        _ stored: ObservedTarget, desiredHash: Int, message: String, isMadeImmutable: Bool, at now: Instant
    ) {
        altered[stored.key] = Altered(
            desiredHash: desiredHash, stored: stored, message: message, until: now.advanced(by: Self.alterationPause))
        if isMadeImmutable { madeImmutable[stored.key] = MadeImmutable(uid: stored.uid, message: message) }
    }

    /// The message about the write in which the server made `target` immutable; nil if there was none.
    func immutability(of target: ObservedTarget) -> String? {
        guard let last = madeImmutable[target.key], last.uid == target.uid else { return nil }
        return last.message
    }

    /// Why the server would alter the write again, and how long until it is tried anyway; nil if it can be tried now.
    func alteration(of target: ObservedTarget, desiredHash: Int, at now: Instant) -> (message: String, lasts: Duration)?
    {
        guard let last = altered[target.key], last.desiredHash == desiredHash, last.stored == target, now < last.until
        else {
            return nil
        }
        return (last.message, now.duration(to: last.until))
    }
}
