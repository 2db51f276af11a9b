extension JSONValue {
    /// The value as JSON on one line, keys in order, so that equal values have equal bytes.
    package func encoded() -> [UInt8] {
        var bytes: [UInt8] = []
        write(to: &bytes)
        return bytes
    }

    private func write(to bytes: inout [UInt8]) {
        switch self {
        case .object(let members):
            bytes.append(UInt8(ascii: "{"))
            for (index, member) in members.sorted(by: { $0.key < $1.key }).enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                Self.write(member.key, to: &bytes)
                bytes.append(UInt8(ascii: ":"))
                member.value.write(to: &bytes)
            }
            bytes.append(UInt8(ascii: "}"))
        case .array(let elements):
            bytes.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                element.write(to: &bytes)
            }
            bytes.append(UInt8(ascii: "]"))
        case .string(let value): Self.write(value, to: &bytes)
        case .int(let value): bytes += Array(String(value).utf8)
        // JSON has no word for infinity or not-a-number.
        case .double(let value): bytes += Array((value.isFinite ? String(value) : "null").utf8)
        case .bool(let value): bytes += Array((value ? "true" : "false").utf8)
        case .null: bytes += Array("null".utf8)
        }
    }

    private static func write(_ text: String, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        var text = text
        text.withUTF8 { utf8 in
            var place = 0
            while place < utf8.count {
                let end = JSONEscape.endOfPlain(UnsafeRawBufferPointer(utf8), from: place)
                bytes += utf8[place..<end]
                if end < utf8.count { write(utf8[end], to: &bytes) }
                place = end + 1
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private static func write(_ byte: UInt8, to bytes: inout [UInt8]) {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
        case 0x0a: bytes += [UInt8(ascii: "\\"), UInt8(ascii: "n")]
        case 0..<0x20:
            let hex = String(byte, radix: 16)
            bytes += Array((hex.utf8.count == 1 ? "\\u000" : "\\u00").utf8) + Array(hex.utf8)
        default: bytes.append(byte)
        }
    }
}
