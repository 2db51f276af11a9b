import Distribution
import YAML

/// Reads the fields of one mapping of a SecretProviderClass, as the provider does, and notes their problems.
struct ObjectFields {
    /// How the provider reads text.
    enum Dialect {
        /// go-yaml v3: a number or a boolean without quotes is its text.
        case lenient
        /// The same, and white space around the text is removed (Azure).
        case trimmed
        /// sigs.k8s.io/yaml, which is JSON: text must be text, and the case of keys does not matter (AWS).
        case json
    }

    let node: YAMLNode
    let lines: LineMap
    /// The place in the class, for messages: `spec.parameters.objects[2]`.
    let path: String
    let dialect: Dialect

    /// The line of a field, or of the mapping if it is missing.
    func line(_ name: String? = nil) -> Int {
        lines(name.map { node.line(of: [.key(key($0))]) } ?? node.line)
    }

    /// Nil if the field is missing or empty, or is not text, which is noted.
    func text(_ name: String, _ findings: inout ClassFindings) -> String? {
        guard let value = node[key(name)], value.scalar != .null else { return nil }
        guard case .scalar(let text, _) = value.kind, isText(value) else {
            note(name, "is \(value.noun), expected text\(value.scalar == nil ? "" : " in quotes")", &findings)
            return nil
        }
        let result = dialect == .trimmed ? text.trimmed : text
        return result.isEmpty ? nil : result
    }

    /// - Parameter what: what was expected.
    func required(_ name: String, _ what: String, _ findings: inout ClassFindings) -> String? {
        if let text = text(name, &findings) { return text }
        let value = node[key(name)]
        if value.map(isText) ?? true {
            note(name, "is \(value == nil ? "missing" : "empty"), expected \(what)", &findings)
        }
        return nil
    }

    private func isText(_ value: YAMLNode) -> Bool {
        switch value.scalar {
        case .string, .null: true
        case nil: false
        default: dialect != .json
        }
    }

    /// A whole number of at least 0.
    func count(_ name: String, _ findings: inout ClassFindings) -> Int? {
        guard let value = node[key(name)], value.scalar != .null else { return nil }
        guard case .int(let number)? = value.scalar, (0...Int64(Int32.max)).contains(number) else {
            note(name, "is \(value.noun), expected a whole number", &findings)
            return nil
        }
        return Int(number)
    }

    /// The objects of a list; other entries are noted.
    func list(_ name: String, _ findings: inout ClassFindings) -> [ObjectFields] {
        guard let value = node[key(name)], value.scalar != .null else { return [] }
        guard case .sequence(let entries) = value.kind else {
            note(name, "is \(value.noun), expected a list", &findings)
            return []
        }
        return entries.enumerated().compactMap { index, entry in
            let place = "\(path).\(name)[\(index)]"
            guard case .mapping = entry.kind else {
                findings.note(lines(entry.line), "\(place) is \(entry.noun), expected an object")
                return nil
            }
            return ObjectFields(node: entry, lines: lines, path: place, dialect: dialect)
        }
    }

    /// The object at a field; nil if there is none.
    func member(_ name: String, _ findings: inout ClassFindings) -> ObjectFields? {
        guard let value = node[key(name)], value.scalar != .null else { return nil }
        guard case .mapping = value.kind else {
            note(name, "is \(value.noun), expected an object", &findings)
            return nil
        }
        return ObjectFields(node: value, lines: lines, path: "\(path).\(name)", dialect: dialect)
    }

    /// Notes a remark for each field that the provider does not know, probably a typing error.
    func expectNoOther(than known: [String], _ findings: inout ClassFindings) {
        guard case .mapping(let pairs) = node.kind else { return }
        for pair in pairs where !known.contains(where: { matches(pair.name, $0) }) {
            findings.note(
                lines(pair.key.line),
                "\(path) has the field \(shown(pair.name)), which the provider does not know; it knows"
                    + " \(known.sorted().joined(separator: ", "))", isRemark: true)
        }
    }

    func note(_ name: String, _ message: String, _ findings: inout ClassFindings) {
        findings.note(line(name), "\(path).\(name) \(message)")
    }

    /// The key as it is written.
    private func key(_ name: String) -> String {
        guard dialect == .json, node[name] == nil, case .mapping(let pairs) = node.kind else { return name }
        return pairs.first { matches($0.name, name) }?.name ?? name
    }

    private func matches(_ written: String, _ name: String) -> Bool {
        dialect == .json ? written.lowercased() == name.lowercased() : written == name
    }
}

extension YAMLNode {
    /// What the value is, for messages.
    var noun: String {
        switch kind {
        case .mapping: return "an object"
        case .sequence: return "a list"
        case .scalar(let text, _):
            return switch scalar {
            case .string: shown(text)
            case .bool: text
            case .null: "empty"
            default: "the number \(text.prefix(40))"
            }
        }
    }
}

extension String {
    /// Without white space at both ends.
    var trimmed: String {
        let isSpace = { (byte: UInt8) in byte == 0x20 || (0x09...0x0D).contains(byte) }
        let rest = utf8.drop(while: isSpace)
        let end = rest.lastIndex { !isSpace($0) }.map { rest.index(after: $0) } ?? rest.startIndex
        return String(Substring(rest[..<end]))
    }
}
