import Snapshots

/// The files of the last snapshot, arranged so that those of a folder or of a volume are found without a look at all of
/// them: there may be thousands of either.
struct PreviousFiles: Sendable {
    let snapshot: Snapshot?
    /// By the bytes of their paths: those below a folder are neighbours.
    private let sorted: [String]
    private let byVolume: [String: [String]]

    init(_ snapshot: Snapshot?) {
        self.snapshot = snapshot
        let paths = snapshot.map { Array($0.files.keys) } ?? []
        sorted = paths.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        byVolume = Dictionary(grouping: paths) { snapshot?.volume(of: $0) ?? "" }
    }

    /// The paths below `folder`, at any depth.
    func paths(below folder: String) -> ArraySlice<String> {
        let prefix = (folder + "/").utf8
        var (low, high) = (sorted.startIndex, sorted.endIndex)
        while low < high {
            let middle = (low + high) / 2
            if sorted[middle].utf8.lexicographicallyPrecedes(prefix) { low = middle + 1 } else { high = middle }
        }
        return sorted[low...].prefix { $0.utf8.starts(with: prefix) }
    }

    /// Folders that were volumes without generations of their own.
    var plainVolumes: [String] { snapshot?.volumes.filter { !$0.value.isAtomic }.map(\.key) ?? [] }

    /// The paths of the files that lie in the volume at `folder`.
    func paths(ofVolume folder: String) -> [String] { byVolume[folder] ?? [] }
}
