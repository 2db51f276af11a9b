package import Snapshots

/// A format of files that an application reads: one entry for each data key of a Secret, sorted by key.
///
/// `encode` and `decode` are pure, and `decode` reads exactly what `encode` writes. Readers of other programs accept more.
package enum EntryFormat: Sendable, CaseIterable {
    /// Variables, see `EnvironmentFile`.
    case env
    /// The format of `java.util.Properties`, see `PropertiesFile`.
    case properties
    /// A JSON object whose members are strings.
    case json
    /// `NAME=base64` lines, see `KeesFile`.
    case kees

    package typealias Entry = (key: String, value: SecretBytes)

    /// Why the format cannot express an entry; nil if it can. Contains nothing of the value.
    package func problem(_ key: String, _ value: SecretBytes) -> EntryProblem? {
        if self == .env, !EnvironmentFile.isName(key) {
            return EntryProblem(
                isOfKey: true,
                expected: "the name of a variable: letters, digits and \"_\", not beginning with a digit")
        }
        if self == .kees { return nil }
        return value.withUnsafeBytes { bytes in
            if bytes.contains(0) { return EntryProblem(isOfKey: false, expected: "a value without NUL bytes") }
            if Array(bytes).firstInvalidUTF8 != nil {
                return EntryProblem(isOfKey: false, expected: "a value in UTF-8")
            }
            return nil
        }
    }

    /// - Parameter entries: `problem` is nil for each of them.
    package func encode(_ entries: [Entry]) -> [UInt8] {
        let sorted = entries.sorted { $0.key < $1.key }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(sorted.reduce(2) { $0 + 2 * ($1.key.utf8.count + $1.value.count + 8) })
        switch self {
        case .env: for entry in sorted { EnvironmentFile.append(entry, to: &bytes) }
        case .properties: for entry in sorted { PropertiesFile.append(entry, to: &bytes) }
        case .json: JSONStrings.append(sorted, to: &bytes)
        case .kees: for entry in sorted { KeesFile.append(entry, to: &bytes) }
        }
        return bytes
    }

    /// - Throws: the place that is not valid.
    package func decode(_ content: UnsafeRawBufferPointer) throws(FormError) -> [Entry] {
        switch self {
        case .env: try EnvironmentFile.parse(content)
        case .properties: try PropertiesFile.parse(content)
        case .json: try JSONStrings.parse(content)
        case .kees: try KeesFile.parse(content)
        }
    }
}

/// Why a format cannot express an entry.
package struct EntryProblem: Error, Sendable, Hashable {
    /// Whether the key is the reason, and not the value.
    package let isOfKey: Bool
    /// A phrase.
    package let expected: String
}
