/// Suggests names that may have been meant instead of a mistyped one.
package enum SimilarNames {
    /// The maximum number of suggestions.
    private static let most = 5
    /// Bytes. Edits are not counted for longer names.
    private static let longest = 128

    /// The `names` that differ only in case, only in the folder, or in a few letters. The most similar ones come first.
    package static func of(_ name: String, among names: some Sequence<String>) -> [String] {
        let ranked = names.compactMap { other in distance(name, other).map { (distance: $0, name: other) } }
        return ranked.sorted { ($0.distance, $0.name) < ($1.distance, $1.name) }.prefix(most).map(\.name)
    }

    private static func distance(_ name: String, _ other: String) -> Int? {
        let (name, other) = (name.lowercased(), other.lowercased())
        if name == other { return 0 }
        if last(name) == last(other) { return 1 }
        return [(name, other), (last(name), last(other))].compactMap { edits($0, $1) }.min().map { $0 + 1 }
    }

    private static func last(_ path: String) -> String {
        path.unicodeScalars.split(separator: "/").last.map { String($0) } ?? path
    }

    /// The Levenshtein distance in bytes; nil if it is more than 2 and more than a quarter of the name, or if the names
    /// are too short or too long to compare.
    private static func edits(_ name: String, _ other: String) -> Int? {
        let (name, other) = (Array(name.utf8), Array(other.utf8))
        let most = max(2, name.count / 4)
        guard name.count > 2, max(name.count, other.count) <= longest, abs(name.count - other.count) <= most else {
            return nil
        }
        var row = Array(0...other.count)
        for (line, byte) in name.enumerated() {
            var diagonal = row[0]
            row[0] = line + 1
            for (column, otherByte) in other.enumerated() {
                let exchanged = diagonal + (byte == otherByte ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = min(exchanged, diagonal + 1, row[column] + 1)
            }
        }
        return row[other.count] <= most ? row[other.count] : nil
    }
}
