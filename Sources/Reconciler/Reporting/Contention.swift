import Distribution
import Planning
import Scheduling

/// What others do to our targets, and how much of it is corrected. A value; time is a parameter.
struct Contention: Sendable {
    typealias Instant = ContinuousClock.Instant

    private struct Contest: Sendable {
        var budget = CorrectionBudget<Instant>()
        /// Fingerprint of what the target should be, or `undescribed`, as of the last change that others made; nil before
        /// the first.
        var wish: Int?
        /// Who made it; nil if that is not known.
        var manager: String?
    }

    /// A write whose result is not what was sent.
    private struct Altered: Sendable {
        let wish: Int
        let stored: ObservedTarget
        let message: String
        let madeImmutable: Bool
        let until: Instant
    }

    /// False in a dry run: what is not written is not changed back by others.
    let isWatching: Bool
    /// Targets that others have changed since we wrote them.
    private var contests: [ObjectKey: Contest] = [:]
    private var altered: [ObjectKey: Altered] = [:]

    init(isWatching: Bool = true) { self.isWatching = isWatching }

    /// What a target should be that no distribution describes, or that the policy denies: removed or released.
    static let undescribed = 0

    /// How long a target stays as the server stored it before the write is tried once more.
    private static let alterationPause: Duration = .seconds(600)

    /// Targets that others keep changing.
    func contested(at now: Instant) -> Int { contests.values.count { $0.budget.contested(at: now) != nil } }

    /// Somebody else has changed a target, or removed it.
    mutating func disturb(_ target: ObjectKey, by manager: String?, at now: Instant) {
        guard isWatching else { return }
        contests[target, default: Contest()].budget.disturb(at: now)
        name(manager, at: target)
    }

    /// A target that was changed was read: a removal, or the loss of our label, comes as an event that names nobody.
    mutating func name(_ manager: String?, at target: ObjectKey) {
        if let manager, contests[target] != nil { contests[target]?.manager = manager }
    }

    /// The target turns out to be as it should be.
    mutating func settle(_ target: ObjectKey, at now: Instant) {
        altered[target] = nil
        guard contests[target] != nil else { return }
        contests[target]?.budget.settle()
        if contests[target]?.budget.isFull(at: now) == true { contests[target] = nil }
    }

    /// Somebody asks for a comparison: one write waits for nobody, and is tried though the server altered the last one.
    mutating func forgive(_ target: ObjectKey) {
        contests[target]?.budget.forgive()
        altered[target] = nil
    }

    /// No distribution describes it any more. What others do against its removal is still remembered.
    mutating func leave(_ target: ObjectKey) {
        if let wish = contests[target]?.wish, wish != Self.undescribed { contests[target] = nil }
        altered[target] = nil
    }

    /// It is another's.
    mutating func forget(_ target: ObjectKey) {
        contests[target] = nil
        altered[target] = nil
    }

    /// How long a write has to wait that corrects what others did; nil: it may be made.
    ///
    /// - Parameter wish: what the target should be. A write that a rotation or an amended distribution calls for waits for
    ///   nobody.
    func wait(for target: ObjectKey, wish: Int, at now: Instant) -> Duration? {
        guard let contest = contests[target], contest.wish == wish else { return nil }
        return contest.budget.wait(at: now)
    }

    /// Whether somebody else has changed the target since it was last as it should be.
    func isDisturbed(_ target: ObjectKey) -> Bool { contests[target]?.budget.isDisturbed ?? false }

    /// A target was written.
    ///
    /// - Parameter wasDisturbed: as `isDisturbed` said before the write, whose own event may come before its answer.
    /// - Returns: whether that corrected what others did.
    mutating func wrote(_ target: ObjectKey, wish: Int, wasDisturbed: Bool, at now: Instant) -> Bool {
        let last = contests[target]?.wish
        guard wasDisturbed, last == nil || last == wish else {
            if wasDisturbed { contests[target]?.wish = wish }
            settle(target, at: now)
            return false
        }
        contests[target, default: Contest()].wish = wish
        contests[target]?.budget.correct(at: now)
        return true
    }

    /// Who keeps changing a target, and for how long it counts as contested; nil: nobody does.
    func contest(of target: ObjectKey, at now: Instant) -> (manager: String?, lasts: Duration)? {
        guard let contest = contests[target], let lasts = contest.budget.contested(at: now) else { return nil }
        return (contest.manager, lasts)
    }

    /// The same of a target that is to be removed or released.
    func restoration(of target: ObjectKey, at now: Instant) -> (manager: String?, lasts: Duration)? {
        contests[target]?.wish == Self.undescribed ? contest(of: target, at: now) : nil
    }

    /// Forgets targets that have stayed as they should be for long: one that was removed is never looked at again.
    mutating func giveBackRoom(at now: Instant) { contests = contests.filter { !$0.value.budget.isFull(at: now) } }
}

extension Contention {
    /// The server stored something else than was sent.
    mutating func alter(
        _ stored: ObservedTarget, wish: Int, message: String, madeImmutable: Bool = false, at now: Instant
    ) {
        altered[stored.key] = Altered(
            wish: wish, stored: stored, message: message, madeImmutable: madeImmutable,
            until: now.advanced(by: Self.alterationPause))
    }

    /// What was said of the write that the server made `target` immutable by, which it stays; nil: none did.
    func immutability(of target: ObservedTarget) -> String? {
        guard let last = altered[target.key], last.madeImmutable, last.stored.uid == target.uid else { return nil }
        return last.message
    }

    /// Why a write would only be altered once more, and for how long that is believed; nil: it is worth trying.
    func alteration(of target: ObservedTarget, wish: Int, at now: Instant) -> (message: String, lasts: Duration)? {
        guard let last = altered[target.key], last.wish == wish, last.stored == target, now < last.until else {
            return nil
        }
        return (last.message, now.duration(to: last.until))
    }
}
