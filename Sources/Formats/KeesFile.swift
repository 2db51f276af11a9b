import JSON
import Snapshots

/// The file that kees writes for an application: `NAME=base64` lines.
enum KeesFile {
    static func append(_ entry: EntryFormat.Entry, to bytes: inout [UInt8]) {
        bytes += Array(entry.key.utf8)
        bytes.append(UInt8(ascii: "="))
        bytes += entry.value.withUnsafeBytes { Base64.encode($0).utf8 }
        bytes.append(UInt8(ascii: "\n"))
    }

    private static func decode(_ text: Slice<UnsafeRawBufferPointer>) -> [UInt8]? {
        UnsafeRawBufferPointer(rebasing: text).withMemoryRebound(to: UInt8.self) { Base64.decode($0) }
    }

    /// - Throws: the line that is not valid, or both lines if a name occurs twice.
    static func parse(_ content: UnsafeRawBufferPointer) throws(FormError) -> [EntryFormat.Entry] {
        var entries: [EntryFormat.Entry] = []
        var keys = KeyLines()
        let lines = content.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: true)
        for (index, line) in lines.enumerated() {
            let parts = line.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, let value = decode(parts[1]) else {
                throw FormError("has no NAME=base64 on line \(index + 1)")
            }
            try keys.add(Array(parts[0]), line: index + 1)
            entries.append((String(decoding: parts[0], as: UTF8.self), SecretBytes(value)))
        }
        return entries
    }
}
