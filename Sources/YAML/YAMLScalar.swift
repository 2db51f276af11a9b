/// The value of a scalar.
package enum YAMLScalar: Sendable, Equatable {
    case string(String)
    case int(Int64)
    /// A whole number above the range of `Int64`.
    case unsigned(UInt64)
    case double(Double)
    case bool(Bool)
    case null

    /// The value of a plain scalar, as kubectl and the API server read it (sigs.k8s.io/yaml, which is go-yaml v2's
    /// resolve.go): YAML 1.1 booleans, `0x`, `0o`, `0b` and leading-zero octal numbers, `_` between digits. As there, a
    /// timestamp stays a string.
    package init(plain text: String) {
        self = Self.words[text] ?? Self.number(text) ?? .string(text)
    }

    private static let words: [String: YAMLScalar] = {
        var words: [String: YAMLScalar] = ["": .null, "~": .null, "null": .null, "Null": .null, "NULL": .null]
        for word in ["y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"] {
            words[word] = .bool(true)
        }
        for word in ["n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"] {
            words[word] = .bool(false)
        }
        for word in [".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"] { words[word] = .double(.infinity) }
        for word in ["-.inf", "-.Inf", "-.INF"] { words[word] = .double(-.infinity) }
        for word in [".nan", ".NaN", ".NAN"] { words[word] = .double(.nan) }
        return words
    }()

    private static func number(_ text: String) -> YAMLScalar? {
        guard let first = text.utf8.first, "+-.0123456789".utf8.contains(first) else { return nil }
        let plain = text.filter { $0 != "_" }
        if let whole = whole(plain) { return whole }
        // As in go-yaml, a number that a Double cannot represent stays text.
        guard isFloat(plain), let value = Double(plain), value.isFinite else { return nil }
        return .double(value)
    }

    private static func whole(_ text: String) -> YAMLScalar? {
        var digits = Substring(text)
        var isNegative = false
        if let sign = digits.first, sign == "-" || sign == "+" {
            isNegative = sign == "-"
            digits.removeFirst()
        }
        var radix = 10
        if digits.count > 1, digits.first == "0" {
            radix = ["x": 16, "o": 8, "b": 2][digits.dropFirst().first?.lowercased() ?? ""] ?? 8
            digits = digits.dropFirst(radix == 8 && digits.dropFirst().first?.isNumber == true ? 1 : 2)
        }
        // The initializers below would accept a second sign.
        guard digits.first?.isHexDigit == true, digits.utf8.allSatisfy({ $0 < 0x80 }) else { return nil }
        if let value = Int64((isNegative ? "-" : "") + digits, radix: radix) { return .int(value) }
        guard !isNegative, let value = UInt64(digits, radix: radix) else { return nil }
        return .unsigned(value)
    }

    /// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
    private static func isFloat(_ text: String) -> Bool {
        var rest = Substring(text).utf8[...]
        func digits() -> Int {
            let end = rest.firstIndex { !(0x30...0x39).contains($0) } ?? rest.endIndex
            defer { rest = rest[end...] }
            return rest.distance(from: rest.startIndex, to: end)
        }
        func skip(_ accepted: String) -> Bool {
            guard let first = rest.first, accepted.utf8.contains(first) else { return false }
            rest = rest.dropFirst()
            return true
        }
        _ = skip("+-")
        let before = digits()
        let after = skip(".") ? digits() : 0
        guard before + after > 0 else { return false }
        if skip("eE") {
            _ = skip("+-")
            guard digits() > 0 else { return false }
        }
        return rest.isEmpty
    }
}

extension YAMLNode {
    /// The value of a scalar; nil for a mapping and a sequence. Quoted text is a string. So is text with any other tag,
    /// including `!!binary`, whose base64 text is not decoded.
    package var scalar: YAMLScalar? {
        guard case .scalar(let text, let isPlain) = kind else { return nil }
        switch tag {
        case nil: return isPlain ? YAMLScalar(plain: text) : .string(text)
        case Self.coreTag("int"), Self.coreTag("float"), Self.coreTag("bool"), Self.coreTag("null"):
            return YAMLScalar(plain: text)
        default: return .string(text)
        }
    }

    static func coreTag(_ name: String) -> String { "tag:yaml.org,2002:\(name)" }

    /// False for a scalar that does not match its tag, and for numbers that JSON cannot represent.
    var isUsableScalar: Bool {
        switch (tag, scalar) {
        case (_, .double(let value)) where !value.isFinite: false
        case (Self.coreTag("int"), .int), (Self.coreTag("int"), .unsigned): true
        case (Self.coreTag("float"), .int), (Self.coreTag("float"), .unsigned), (Self.coreTag("float"), .double): true
        case (Self.coreTag("bool"), .bool), (Self.coreTag("null"), .null): true
        case (Self.coreTag("int"), _), (Self.coreTag("float"), _), (Self.coreTag("bool"), _), (Self.coreTag("null"), _):
            false
        default: true
        }
    }
}
