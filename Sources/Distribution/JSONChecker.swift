/// Reads JSON (RFC 8259) without keeping any of it: what it says may be secret.
package struct JSONChecker {
    private var rest: Slice<UnsafeRawBufferPointer>
    /// Of lists and objects in each other; far more than a configuration has.
    private static let deepest = 200

    /// Whether `text` is one object and nothing else.
    package static func isObject(_ text: UnsafeRawBufferPointer) -> Bool {
        var checker = JSONChecker(rest: text[...])
        return checker.next == UInt8(ascii: "{") && checker.takeValue(depth: 0) && checker.next == nil
    }

    /// The next byte that is no white space, left in its place.
    private var next: UInt8? {
        mutating get {
            rest = rest.drop { [0x20, 0x09, 0x0a, 0x0d].contains($0) }
            return rest.first
        }
    }

    private mutating func takeValue(depth: Int) -> Bool {
        guard depth < Self.deepest else { return false }
        switch next {
        case UInt8(ascii: "{"):
            return takeList(upTo: UInt8(ascii: "}")) {
                $0.takeString() && $0.take(UInt8(ascii: ":")) && $0.takeValue(depth: depth + 1)
            }
        case UInt8(ascii: "["): return takeList(upTo: UInt8(ascii: "]")) { $0.takeValue(depth: depth + 1) }
        case UInt8(ascii: "\""): return takeString()
        case UInt8(ascii: "t"): return take(word: "true")
        case UInt8(ascii: "f"): return take(word: "false")
        case UInt8(ascii: "n"): return take(word: "null")
        default: return takeNumber()
        }
    }

    /// What stands between an opening bracket, which is next, and `end`, separated by commas.
    private mutating func takeList(upTo end: UInt8, _ element: (inout JSONChecker) -> Bool) -> Bool {
        rest.removeFirst()
        if take(end) { return true }
        repeat {
            guard element(&self) else { return false }
        } while take(UInt8(ascii: ","))
        return take(end)
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard next == byte else { return false }
        rest.removeFirst()
        return true
    }

    private mutating func take(word: String) -> Bool {
        guard rest.starts(with: word.utf8) else { return false }
        rest.removeFirst(word.utf8.count)
        return true
    }

    private mutating func takeString() -> Bool {
        guard take(UInt8(ascii: "\"")) else { return false }
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "\""): return true
            case UInt8(ascii: "\\"): guard takeEscape() else { return false }
            case 0..<0x20: return false
            default: continue
            }
        }
        return false
    }

    private mutating func takeEscape() -> Bool {
        guard let byte = rest.popFirst() else { return false }
        guard byte == UInt8(ascii: "u") else { return "\"\\/bfnrt".utf8.contains(byte) }
        let digits = rest.prefix(4)
        rest = rest.dropFirst(4)
        return digits.count == 4 && digits.allSatisfy { "0123456789abcdefABCDEF".utf8.contains($0) }
    }

    private mutating func takeNumber() -> Bool {
        _ = takeNow("-")
        guard takeNow("0") || takeDigits() else { return false }
        if takeNow("."), !takeDigits() { return false }
        if takeNow("eE") {
            _ = takeNow("+-")
            return takeDigits()
        }
        return true
    }

    /// One of these bytes, without white space before it.
    private mutating func takeNow(_ bytes: String) -> Bool {
        guard let first = rest.first, bytes.utf8.contains(first) else { return false }
        rest.removeFirst()
        return true
    }

    private mutating func takeDigits() -> Bool {
        let digits = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        rest = rest.dropFirst(digits.count)
        return !digits.isEmpty
    }
}
