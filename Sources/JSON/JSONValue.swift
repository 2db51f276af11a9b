/// Any JSON: for patches, and for objects that have to be kept whole.
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
    /// The value at a key; nil if there is none or this is no object.
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
    /// Recursion is bounded by the depth that has marks.
    package init(reading json: JSONNode) throws(JSONBytes.Failure) {
        if let value = json.string {
            self = .string(value)
        } else if json.isObject {
            var members: [String: JSONValue] = [:]
            for (key, value) in json.members {
                guard let name = key.string else { try json.fails("has a key that is no String") }
                // As everywhere: the first of two equal ones counts.
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
            try json.fails("is no value that can be read")
        }
    }
}
