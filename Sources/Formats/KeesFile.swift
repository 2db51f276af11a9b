import FoundationEssentials
import Snapshots

/// The file that kees writes for an application: `NAME=base64` lines.
enum KeesFile {
    static func append(_ entry: EntryFormat.Entry, to bytes: inout [UInt8]) {
        bytes += Array(entry.key.utf8)
        bytes.append(UInt8(ascii: "="))
        bytes += entry.value.withUnsafeBytes { Data($0).base64EncodedData() }
        bytes.append(UInt8(ascii: "\n"))
    }

    /// - Throws: the line that is not valid, or both lines if a name occurs twice.
    static func parse(_ content: UnsafeRawBufferPointer) throws(FormError) -> [EntryFormat.Entry] {
        var entries: [EntryFormat.Entry] = []
        var keys = KeyLines()
        let lines = content.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: true)
        for (index, line) in lines.enumerated() {
            let parts = line.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, let value = Data(base64Encoded: Data(parts[1])) else {
                throw FormError("has no NAME=base64 on line \(index + 1)")
            }
            try keys.add(Array(parts[0]), line: index + 1)
            entries.append((String(decoding: parts[0], as: UTF8.self), SecretBytes(value)))
        }
        return entries
    }
}
