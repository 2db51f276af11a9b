import JSON

/// Reads the fields of one object of a manifest and collects their problems. A null field counts as missing.
struct FieldReader {
    let object: JSONNode?
    private let path: [Problem.PathElement]
    private(set) var problems = Problems()

    /// - Parameter json: the object. If it is nil or another kind of value, the object does not exist.
    init(_ json: JSONNode?, at path: [Problem.PathElement] = []) {
        object = json?.isObject == true ? json : nil
        self.path = path
    }

    /// - Throws: if the document is not an object.
    init(root json: JSONNode) throws(JSONBytes.Failure) {
        guard json.isObject else { try json.fails("is not an object") }
        self.init(json)
    }

    /// The index of the object in its list; 0 if it is not in a list.
    var index: Int { if case .index(let index)? = path.last { index } else { 0 } }

    var exists: Bool { object != nil }

    /// Whether a field is set, to any value but null.
    func has(_ field: String) -> Bool { object?[field] != nil }

    /// Whether the first of these three fields is set, and no field but these.
    func hasOnly(_ field: String, _ second: String, _ third: String) -> Bool {
        guard let object, has(field) else { return false }
        let count = 1 + (has(second) ? 1 : 0) + (has(third) ? 1 : 0)
        var members = object.members
        for _ in 0..<count { _ = members.next() }
        return members.next() == nil
    }

    mutating func note(_ field: String, _ message: String, reason: Reason = .invalidSpec) {
        problems.append(Problem(path + [.key(field)], message, reason: reason))
    }

    mutating func note(at tail: [Problem.PathElement], _ message: String) {
        problems.append(Problem(path + tail, message))
    }

    /// Notes `problem` unless it is nil.
    ///
    /// - Returns: whether `problem` is nil.
    mutating func check(_ field: String, _ problem: String?) -> Bool {
        if let problem { note(field, problem) }
        return problem == nil
    }

    /// Adds the problems of a nested object.
    mutating func adopt(_ other: FieldReader) { problems.append(contentsOf: other.problems) }

    mutating func expectNoOther(than known: [String], in kind: String = WellKnownKeys.kind) {
        // In order, so that the same manifest has the same problems in the same order each time.
        guard let object else { return }
        var unknown = Smallest<String>(Problems.most)
        for (key, _) in object.members {
            if let name = key.string, !known.contains(name) { unknown.insert(name) }
        }
        for key in unknown.values {
            problems.append(
                Problem(
                    path + [.key(key)],
                    "is not a field of a \(kind), expected one of \(known.sorted().joined(separator: ", "))",
                    severity: .unknownField))
        }
        problems.leaveOut(unknown.others)
    }

    mutating func string(_ field: String, required: Bool = false) -> String? {
        value(field, "a string", required: required, \.string)
    }

    /// A value of an enumeration.
    ///
    /// - Parameter emptyIsMissing: treat an empty string as a missing field, as Kubernetes does for `omitempty`.
    mutating func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ field: String, emptyIsMissing: Bool = false
    ) -> Choice? {
        guard let text = string(field), !(emptyIsMissing && text.isEmpty) else { return nil }
        if let choice = Choice(rawValue: text) { return choice }
        let words = Choice.allCases.map { shown($0.rawValue) }.joined(separator: " or ")
        note(field, "is \(shown(text)), expected \(words)")
        return nil
    }

    mutating func int(_ field: String) -> Int? {
        value(field, "a whole number", \.int)
    }

    mutating func bool(_ field: String) -> Bool? {
        value(field, "true or false", \.bool)
    }

    /// A map of strings. Entries that are not strings are noted and left out.
    ///
    /// - Parameter most: the maximum number of entries. If there are more, none is read.
    mutating func strings(_ field: String, atMost most: Int = .max) -> [String: String] {
        guard let json = value(field, "an object", { $0.isObject ? $0 : nil }),
            expect(json.members, of: field, atMost: most)
        else { return [:] }
        if let strings = json.strings { return strings }
        var map = FieldReader(json, at: path + [.key(field)])
        var result: [String: String] = [:]
        var values: [String: JSONNode] = [:]
        // Looking up each key in the node would take quadratic time.
        for (key, value) in json.members {
            if let key = key.string, values[key] == nil { values[key] = value }
        }
        for (key, value) in values.sorted(by: { $0.key < $1.key }) where !value.isNull {
            result[key] = value.string
            if value.string == nil { map.note(key, "is \(Self.kind(of: value)), expected a string") }
        }
        adopt(map)
        return result
    }

    mutating func object(_ field: String, required: Bool = false) -> FieldReader {
        let json = value(field, "an object", required: required) { $0.isObject ? $0 : nil }
        return FieldReader(json, at: path + [.key(field)])
    }

    /// The objects of a list. Entries that are not objects are noted and left out.
    ///
    /// - Parameters:
    ///   - members: the fields that each object should have, for messages.
    ///   - noun: what an entry is called in the message about an empty list; nil if the list may be empty.
    ///   - most: the maximum number of entries. If there are more, none is read.
    ///   - required: whether a missing list is noted; otherwise it is empty.
    mutating func array(
        _ field: String, of members: String, atLeastOne noun: String? = nil, atMost most: Int = .max,
        required: Bool = true
    ) -> [FieldReader]? {
        guard required || has(field) else { return [] }
        guard let entries = list(field, atMost: most) else { return nil }
        if let noun, entries.isEmpty { note(field, "is empty, expected at least one \(noun)") }
        return entries.enumerated().compactMap { index, entry in
            let place = path + [.key(field), .index(index)]
            if entry.isObject { return FieldReader(entry, at: place) }
            problems.append(Problem(place, "is not an object, expected one with \(members)"))
            return nil
        }
    }

    /// The strings of a list. An entry that is not a string is noted and nil.
    mutating func stringList(_ field: String, atLeastOne noun: String, atMost most: Int = .max) -> [String?] {
        guard let entries = list(field, atMost: most) else { return [] }
        if entries.isEmpty { note(field, "is empty, expected at least one \(noun)") }
        return entries.enumerated().map { index, entry in
            if entry.string == nil { note(at: [.key(field), .index(index)], "is not a string, expected one") }
            return entry.string
        }
    }

    private mutating func list(_ field: String, atMost most: Int = .max) -> [JSONNode]? {
        guard let json = value(field, "a list", required: true, { $0.isArray ? $0 : nil }),
            expect(json.elements, of: field, atMost: most)
        else { return nil }
        return Array(json.elements)
    }

    /// Counts the entries before they are copied, so that too many take no memory.
    private mutating func expect(_ entries: some Sequence, of field: String, atMost most: Int) -> Bool {
        let count = entries.reduce(0) { count, _ in count + 1 }
        return check(field, count > most ? "has \(count) entries, expected at most \(most)" : nil)
    }

    private mutating func value<Value>(
        _ field: String, _ expected: String, required: Bool = false, _ read: (JSONNode) -> Value?
    ) -> Value? {
        guard let json = object?[field] else {
            if required, exists { note(field, "is missing, expected \(expected)") }
            return nil
        }
        let value = read(json)
        if value == nil { note(field, "is \(Self.kind(of: json)), expected \(expected)") }
        return value
    }

    private static func kind(of json: JSONNode) -> String {
        if let value = json.bool { return value ? "true" : "false" }
        if let value = json.int { return "the number \(value)" }
        if json.isString { return json.string.map(shown) ?? "a string that cannot be read" }
        if json.isArray { return "a list" }
        return json.isObject ? "an object" : "a number"
    }
}
