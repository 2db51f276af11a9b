import Snapshots

/// Writes what `PropertiesFile.parse` and `java.util.Properties` read.
extension PropertiesFile {
    /// Appends `key=value`. Every character that is not ASCII is an escape, so that `Properties.load` reads the same from
    /// a stream, which it takes for ISO 8859-1, as from a reader.
    ///
    /// - Parameter entry: the value is UTF-8.
    static func append(_ entry: EntryFormat.Entry, to bytes: inout [UInt8]) {
        // A data key holds no character that ends a key.
        bytes += Array(entry.key.utf8)
        bytes.append(UInt8(ascii: "="))
        entry.value.withUnsafeBytes { value in
            var isStart = true
            for unit in String(decoding: value, as: UTF8.self).utf16 {
                append(unit, isStart: isStart, to: &bytes)
                // Blanks before the value do not belong to it: the first of them is escaped.
                isStart = false
            }
        }
        bytes.append(UInt8(ascii: "\n"))
    }

    private static func append(_ unit: UInt16, isStart: Bool, to bytes: inout [UInt8]) {
        let letter: Character? =
            switch unit {
            case 0x09: "t"
            case 0x0a: "n"
            case 0x0c: "f"
            case 0x0d: "r"
            case 0x5c: "\\"
            case 0x20 where isStart: " "
            default: nil
            }
        if let letter {
            bytes += Array("\\\(letter)".utf8)
        } else if (0x20..<0x7f).contains(unit) {
            bytes.append(UInt8(truncatingIfNeeded: unit))
        } else {
            let digits = String(unit, radix: 16)
            bytes += Array("\\u\(String(repeating: "0", count: 4 - digits.utf8.count))\(digits)".utf8)
        }
    }
}
