/// Any JSON value, for patches and for objects of which all fields are kept.
package enum JSONValue: Sendable, Equatable {
    case object([String: JSONValue])
    case array([JSONValue])
    case string(String)
    case int(Int)
    case double(Double)
    case bool(Bool)
    case null
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByNilLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    package init(stringLiteral value: String) { self = .string(value) }
    package init(integerLiteral value: Int) { self = .int(value) }
    package init(floatLiteral value: Double) { self = .double(value) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(nilLiteral: ()) { self = .null }
    package init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    package init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(Dictionary(elements) { _, last in last })
    }
}

extension JSONValue {
    /// The value at a key; nil if there is none or this is not an object.
    package subscript(key: String) -> JSONValue? {
        if case .object(let members) = self { members[key] } else { nil }
    }

    package var string: String? { if case .string(let value) = self { value } else { nil } }
    package var array: [JSONValue]? { if case .array(let value) = self { value } else { nil } }
    package var object: [String: JSONValue]? { if case .object(let value) = self { value } else { nil } }

    /// Parses JSON.
    package init(json bytes: [UInt8]) throws(JSONBytes.Failure) {
        self = try JSONBytes.decode(JSONValue.self, from: bytes)
    }
}

extension JSONValue: JSONReadable {
    /// The recursion is limited by `JSONParser.deepest`.
    package init(reading json: JSONNode) throws(JSONBytes.Failure) {
        if let value = json.string {
            self = .string(value)
        } else if json.isObject {
            var members: [String: JSONValue] = [:]
            for (key, value) in json.members {
                guard let name = key.string else { try json.fails("has a key that is not a string") }
                // As in `JSONNode`, the first of several equal keys counts.
                if members[name] == nil { members[name] = try JSONValue(reading: value) }
            }
            self = .object(members)
        } else if json.isArray {
            self = .array(try json.asList(of: JSONValue.init(reading:)))
        } else if let value = json.bool {
            self = .bool(value)
        } else if let value = json.int {
            self = .int(value)
        } else if let value = json.double {
            self = .double(value)
        } else if json.isNull {
            self = .null
        } else {
            try json.fails("cannot be read")
        }
    }
}

extension JSONValue {
    /// The value as JSON on one line, with sorted keys, so that equal values have equal bytes.
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
        // JSON cannot represent infinity or not-a-number.
        case .double(let value): bytes += Array((value.isFinite ? String(value) : "null").utf8)
        case .bool(let value): bytes += Array((value ? "true" : "false").utf8)
        case .null: bytes += Array("null".utf8)
        }
    }

    private static func write(_ text: String, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        var text = text
        text.withUTF8 { JSONEscape.append($0, to: &bytes) }
        bytes.append(UInt8(ascii: "\""))
    }
}

extension JSONValue {
    /// The value with a JSON merge patch applied (RFC 7386): `null` removes a key, an array is replaced as a whole.
    package func merging(_ patch: JSONValue) -> JSONValue {
        guard case .object(let changes) = patch else { return patch }
        var members = object ?? [:]
        for (key, change) in changes {
            // Not `members[key] = … ? nil : …`: that nil would be `JSONValue.null`.
            if change == .null {
                members.removeValue(forKey: key)
            } else {
                members[key] = (members[key] ?? .null).merging(change)
            }
        }
        return .object(members)
    }
}
