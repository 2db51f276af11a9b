import MountWatch
import Planning
import Snapshots

/// The state of the mount. While the mount is absent, the last generation is kept.
struct MountState: Sendable {
    /// The last generation.
    private(set) var snapshot: Snapshot?
    /// Why the mount has no generation now; nil if it has one.
    private(set) var absence: String?
    /// Whether the mount will get no new generation while this container runs.
    private(set) var isLost = false
    private(set) var wasRead = false
    private(set) var generations = GenerationHistory()
    /// The digests of all files in `snapshot`; nil until first requested.
    private var digests: Set<Digest>?

    /// The changes that a reading made.
    struct Change: Sendable {
        /// Files whose content changed.
        var changed: Set<String> = []
        /// The previous snapshot; nil if there was none.
        var old: Snapshot?
        /// Whether every target must be compared.
        var affectsAll = false
        /// Whether there is a new snapshot.
        var isNew = false
        /// Whether files were added or removed.
        var hasOtherFiles = false
        /// Names of the volumes whose files are written one by one; empty if they did not change.
        var plainVolumes: [String] = []
    }

    mutating func apply(_ reading: MountReading) -> Change {
        var change = Change(affectsAll: !wasRead)
        wasRead = true
        switch reading {
        case .absent(let reason): absence = reason
        case .lost(let reason):
            absence = reason
            // Every status must report it.
            if !isLost { change.affectsAll = true }
            isLost = true
        case .snapshot(let new):
            let old = snapshot
            change.isNew = true
            absence = nil
            let lost = Self.lostVolumes(new)
            // Statuses must report which volumes get no more generations.
            if isLost || lost != Self.lostVolumes(old) || old == nil { change.affectsAll = true }
            isLost = false
            let plain = Self.plainVolumes(new)
            if plain != Self.plainVolumes(old) { change.plainVolumes = plain }
            change.changed = new.changedPaths(since: old)
            change.old = old
            change.hasOtherFiles = change.changed.contains { !new.isReadable($0) || old?.isReadable($0) != true }
            snapshot = new
            digests = nil
            generations.append(new.generation)
        }
        return change
    }

    /// The digests of all files, computed once for each snapshot. Used if a Secret claims to come from a newer
    /// generation.
    mutating func allDigests() -> Set<Digest> {
        if let digests { return digests }
        let all = Set(
            (snapshot?.files ?? [:]).values.compactMap { file -> Digest? in
                if case .content(_, let digest) = file { digest } else { nil }
            })
        digests = all
        return all
    }

    /// Why the mount, or a volume that contains one of `sources`, gets no more generations; nil if it does.
    func loss(of sources: @autoclosure () -> [String]) -> String? {
        if isLost { return absence }
        guard let snapshot, snapshot.volumes.values.contains(where: \.isLost) else { return nil }
        return sources().lazy.compactMap { snapshot.volumes[snapshot.volume(of: $0)] }.first(where: \.isLost)?.absence
    }

    private static func lostVolumes(_ snapshot: Snapshot?) -> Set<String> {
        Set((snapshot?.volumes ?? [:]).filter(\.value.isLost).keys)
    }

    private static func plainVolumes(_ snapshot: Snapshot?) -> [String] {
        (snapshot?.volumes ?? [:]).filter { !$0.value.isAtomic }.keys.map(Overview.VolumeState.name).sorted()
    }
}

extension Snapshot {
    fileprivate func isReadable(_ path: String) -> Bool { if case .content? = files[path] { true } else { false } }
}
