import MountWatch
import Planning
import Snapshots

/// What is known of the mount. Its absence changes nothing: the last generation stays.
struct MountState: Sendable {
    /// The last generation.
    private(set) var snapshot: Snapshot?
    /// Why the mount has no generation at present; nil if it has one.
    private(set) var absence: String?
    /// The mount gets no other generation as long as this container runs.
    private(set) var isLost = false
    private(set) var wasRead = false
    private(set) var generations = GenerationHistory()
    /// Of all files in `snapshot`; nil until somebody asks.
    private var digests: Set<Digest>?

    /// What a reading has changed.
    struct Change: Sendable {
        /// Files whose content changed.
        var changed: Set<String> = []
        /// The snapshot before; nil if there was none.
        var old: Snapshot?
        /// Every target has to be compared.
        var affectsAll = false
        /// There is another snapshot.
        var isNew = false
        /// Names of volumes whose files are written one by one, if there are others than before.
        var plainVolumes: [String] = []
    }

    mutating func apply(_ reading: MountReading) -> Change {
        var change = Change(affectsAll: !wasRead)
        wasRead = true
        switch reading {
        case .absent(let reason): absence = reason
        case .lost(let reason):
            absence = reason
            // Statuses have to say it.
            if !isLost { change.affectsAll = true }
            isLost = true
        case .snapshot(let new):
            let old = snapshot
            change.isNew = true
            absence = nil
            let lost = Self.lostVolumes(new)
            // Statuses have to say which volumes get no generation any more.
            if isLost || lost != Self.lostVolumes(old) || old == nil { change.affectsAll = true }
            isLost = false
            let plain = Self.plainVolumes(new)
            if plain != Self.plainVolumes(old) { change.plainVolumes = plain }
            change.changed = new.changedPaths(since: old)
            change.old = old
            snapshot = new
            digests = nil
            generations.append(new.generation)
        }
        return change
    }

    /// Digests of all files, found out once for each snapshot: a Secret may claim to come from a newer generation.
    mutating func allDigests() -> Set<Digest> {
        if let digests { return digests }
        let all = Set(
            (snapshot?.files ?? [:]).values.compactMap { file -> Digest? in
                if case .content(_, let digest) = file { digest } else { nil }
            })
        digests = all
        return all
    }

    /// Why the mount, or a volume in it that `sources` read, gets no other generation; nil if it does.
    func loss(of sources: [String]) -> String? {
        if isLost { return absence }
        guard let snapshot, snapshot.volumes.values.contains(where: \.isLost) else { return nil }
        return sources.lazy.compactMap { snapshot.volumes[snapshot.volume(of: $0)] }.first(where: \.isLost)?.absence
    }

    private static func lostVolumes(_ snapshot: Snapshot?) -> Set<String> {
        Set((snapshot?.volumes ?? [:]).filter(\.value.isLost).keys)
    }

    private static func plainVolumes(_ snapshot: Snapshot?) -> [String] {
        (snapshot?.volumes ?? [:]).filter { !$0.value.isAtomic }.keys.map(Overview.VolumeState.name).sorted()
    }
}
