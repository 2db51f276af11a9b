import Snapshots

/// An index of the last snapshot's files by folder and by volume, because there may be thousands of either.
struct PreviousFiles: Sendable {
    let snapshot: Snapshot?
    /// Sorted by the bytes of the paths, so that the files below a folder are adjacent.
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

    /// The folders of volumes without generations.
    var plainVolumes: [String] { snapshot?.volumes.filter { !$0.value.isAtomic }.map(\.key) ?? [] }

    /// The paths of the files in the volume at `folder`.
    func paths(ofVolume folder: String) -> [String] { byVolume[folder] ?? [] }
}
