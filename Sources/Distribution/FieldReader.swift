import JSON

/// Reads the fields of one object of a manifest and collects what is wrong with them. A field that is null is missing.
struct FieldReader {
    let object: JSONNode?
    private let path: [Problem.PathElement]
    private(set) var problems = Problems()

    /// - Parameter json: nil, or what is no object: there is none.
    init(_ json: JSONNode?, at path: [Problem.PathElement] = []) {
        object = json?.isObject == true ? json : nil
        self.path = path
    }

    /// - Throws: if the whole document is no object.
    init(root json: JSONNode) throws(JSONBytes.Failure) {
        guard json.isObject else { try json.fails("is no object") }
        self.init(json)
    }

    /// Where it stands in the list that it came from; 0 if from none.
    var index: Int { if case .index(let index)? = path.last { index } else { 0 } }

    /// The object is there.
    var exists: Bool { object != nil }

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
                    "is no field of a \(kind), expected one of \(known.sorted().joined(separator: ", "))",
                    severity: .unknownField))
        }
        problems.leaveOut(unknown.others)
    }

    mutating func string(_ field: String, required: Bool = false) -> String? {
        value(field, "a string", required: required, \.string)
    }

    /// One of the words of an enumeration.
    ///
    /// - Parameter emptyIsMissing: as where Kubernetes leaves out an empty field.
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

    /// A map of strings; entries that are no strings are noted and left out.
    ///
    /// - Parameter most: with more, none of them is looked at.
    mutating func strings(_ field: String, atMost most: Int = .max) -> [String: String] {
        guard let json = value(field, "an object", { $0.isObject ? $0 : nil }),
            expect(json.members, of: field, atMost: most)
        else { return [:] }
        if let strings = json.strings { return strings }
        var map = FieldReader(json, at: path + [.key(field)])
        var result: [String: String] = [:]
        var values: [String: JSONNode] = [:]
        // Not looked up one by one: many would cost the square of their number.
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

    /// The objects of a list; entries that are none are noted and left out.
    ///
    /// - Parameters:
    ///   - members: what each should have, for messages.
    ///   - noun: what there has to be one of; nil if there may be none.
    ///   - most: with more, none of them is looked at.
    mutating func array(
        _ field: String, of members: String, atLeastOne noun: String? = nil, atMost most: Int = .max
    ) -> [FieldReader]? {
        guard let entries = list(field, atMost: most) else { return nil }
        if let noun, entries.isEmpty { note(field, "is empty, expected at least one \(noun)") }
        return entries.enumerated().compactMap { index, entry in
            let place = path + [.key(field), .index(index)]
            if entry.isObject { return FieldReader(entry, at: place) }
            problems.append(Problem(place, "is not an object, expected one with \(members)"))
            return nil
        }
    }

    /// The strings of a list; an entry that is none is noted and nil.
    mutating func stringList(_ field: String, atLeastOne noun: String) -> [String?] {
        guard let entries = list(field) else { return [] }
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

    /// Counted before any of them takes memory.
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
        if json.isString { return json.string.map(shown) ?? "a text that cannot be read" }
        if json.isArray { return "a list" }
        return json.isObject ? "an object" : "a number"
    }
}
