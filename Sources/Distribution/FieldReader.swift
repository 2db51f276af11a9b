/// A coding key of any text.
struct FieldKey: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(_ text: String) { stringValue = text }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
}

/// Reads the fields of one object of a manifest and collects what is wrong with them. A field that is null is missing.
struct FieldReader {
    private let container: KeyedDecodingContainer<FieldKey>?
    private let path: [Problem.PathElement]
    private(set) var problems: [Problem] = []

    init(_ container: KeyedDecodingContainer<FieldKey>?, at path: [Problem.PathElement] = []) {
        self.container = container
        self.path = path
    }

    /// Where it stands in the list that it came from; 0 if from none.
    var index: Int { if case .index(let index)? = path.last { index } else { 0 } }

    /// The object is there.
    var exists: Bool { container != nil }

    /// In order, so that the same manifest has the same problems in the same order each time.
    private var keys: [String] { (container?.allKeys ?? []).map(\.stringValue).sorted() }

    mutating func note(_ field: String, _ message: String, reason: Reason = .invalidSpec) {
        problems.append(Problem(path + [.key(field)], message, reason: reason))
    }

    mutating func note(at tail: [Problem.PathElement], _ message: String) {
        problems.append(Problem(path + tail, message))
    }

    /// Notes `problem` if there is one; whether there was none.
    mutating func check(_ field: String, _ problem: String?) -> Bool {
        if let problem { note(field, problem) }
        return problem == nil
    }

    /// Takes over what was wrong with an object below this one.
    mutating func adopt(_ other: FieldReader) { problems += other.problems }

    mutating func expectNoOther(than known: Set<String>, in kind: String = Marks.kind) {
        for key in keys where !known.contains(key) {
            problems.append(
                Problem(
                    path + [.key(key)],
                    "is no field of a \(kind), expected one of \(known.sorted().joined(separator: ", "))",
                    severity: .unknownField))
        }
    }

    mutating func string(_ field: String, required: Bool = false) -> String? {
        value(field, "a string", required: required) { try $0.decode(String.self, forKey: $1) }
    }

    mutating func int(_ field: String) -> Int? {
        value(field, "a whole number") { try $0.decode(Int.self, forKey: $1) }
    }

    mutating func bool(_ field: String) -> Bool? {
        value(field, "true or false") { try $0.decode(Bool.self, forKey: $1) }
    }

    /// A map of strings; entries that are no strings are noted and left out.
    mutating func strings(_ field: String) -> [String: String] {
        var map = object(field)
        var result: [String: String] = [:]
        for key in map.keys { result[key] = map.string(key) }
        adopt(map)
        return result
    }

    mutating func decode<Value: Decodable>(_ field: String, as type: Value.Type) -> Value? {
        value(field, "another value") { try $0.decode(Value.self, forKey: $1) }
    }

    mutating func object(_ field: String, required: Bool = false) -> FieldReader {
        let nested = value(field, "an object", required: required) {
            try $0.nestedContainer(keyedBy: FieldKey.self, forKey: $1)
        }
        return FieldReader(nested, at: path + [.key(field)])
    }

    /// The objects of a list; entries that are none are noted and left out.
    ///
    /// - Parameters:
    ///   - members: what each should have, for messages.
    ///   - noun: what there has to be one of; nil if there may be none.
    ///   - most: with more, none of them is looked at.
    mutating func array(
        _ field: String, of members: String, atLeastOne noun: String? = nil, atMost most: Int = .max
    ) -> [FieldReader]? {
        let nested = value(field, "a list", required: true) { try $0.nestedUnkeyedContainer(forKey: $1) }
        guard var nested else { return nil }
        if let count = nested.count, count > most {
            note(field, "has \(count) entries, expected at most \(most)")
            return nil
        }
        if let noun, nested.isAtEnd { note(field, "is empty, expected at least one \(noun)") }
        var readers: [FieldReader] = []
        while !nested.isAtEnd {
            let place = path + [.key(field), .index(nested.currentIndex)]
            if let entry = try? nested.nestedContainer(keyedBy: FieldKey.self) {
                readers.append(FieldReader(entry, at: place))
            } else {
                problems.append(Problem(place, "is not an object, expected one with \(members)"))
                guard (try? nested.superDecoder()) != nil else { break }
            }
        }
        return readers
    }

    /// The strings of a list; an entry that is none is noted and nil.
    mutating func stringList(_ field: String, atLeastOne noun: String) -> [String?] {
        let nested = value(field, "a list", required: true) { try $0.nestedUnkeyedContainer(forKey: $1) }
        guard var nested else { return [] }
        if nested.isAtEnd { note(field, "is empty, expected at least one \(noun)") }
        var texts: [String?] = []
        while !nested.isAtEnd {
            let text = try? nested.decode(String.self)
            if text == nil {
                note(at: [.key(field), .index(nested.currentIndex)], "is not a string, expected one")
                guard (try? nested.superDecoder()) != nil else { break }
            }
            texts.append(text)
        }
        return texts
    }

    private mutating func value<Value>(
        _ field: String, _ expected: String, required: Bool = false,
        _ read: (KeyedDecodingContainer<FieldKey>, FieldKey) throws -> Value
    ) -> Value? {
        let key = FieldKey(field)
        guard let container, container.contains(key), (try? container.decodeNil(forKey: key)) == false else {
            if required, container != nil { note(field, "is missing, expected \(expected)") }
            return nil
        }
        guard let value = try? read(container, key) else {
            note(field, "is \(kind(of: key, in: container)), expected \(expected)")
            return nil
        }
        return value
    }

    private func kind(of key: FieldKey, in container: KeyedDecodingContainer<FieldKey>) -> String {
        if let value = try? container.decode(Bool.self, forKey: key) { return value ? "true" : "false" }
        if let value = try? container.decode(Int.self, forKey: key) { return "the number \(value)" }
        if (try? container.decode(Double.self, forKey: key)) != nil { return "a number" }
        if let value = try? container.decode(String.self, forKey: key) { return shown(value) }
        if (try? container.nestedUnkeyedContainer(forKey: key)) != nil { return "a list" }
        return "an object"
    }
}
