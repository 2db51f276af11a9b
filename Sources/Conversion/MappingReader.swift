import YAML

/// Reads the fields of one mapping of a document, and adds what cannot be read to the findings. A null counts as missing.
struct MappingReader {
    private let pairs: [YAMLNode.Pair]
    /// The mapping itself.
    let place: Place

    /// - Parameter field: the field of the mapping; empty for a document.
    /// - Returns: nil if the node is missing or not a mapping.
    init?(_ node: YAMLNode?, field: String = "") {
        guard let node, case .mapping(let pairs) = node.kind else { return nil }
        self.pairs = pairs
        place = Place(line: node.line, field: field)
    }

    /// A string that is not empty; nil and no finding if it is missing.
    func string(_ name: String, _ findings: inout Findings) -> Located? {
        guard let (value, place) = value(name) else { return nil }
        guard let text = value.string else {
            findings.add(place, "is not a string, expected one")
            return nil
        }
        return text.isEmpty ? nil : Located(text: text, place: place)
    }

    /// - Returns: nil with a finding if the string is missing or empty.
    func required(_ name: String, _ findings: inout Findings) -> Located? {
        let count = findings.all.count
        let text = string(name, &findings)?.trimmed
        if let text, !text.text.isEmpty { return text }
        if findings.all.count == count { findings.add(value(name)?.place ?? place(of: name), "is missing") }
        return nil
    }

    /// - Returns: nil if it is missing, or with a finding if it is not a mapping.
    func mapping(_ name: String, _ findings: inout Findings) -> MappingReader? {
        guard let (value, place) = value(name) else { return nil }
        guard let mapping = MappingReader(value, field: place.field) else {
            findings.add(place, "is not an object, expected one")
            return nil
        }
        return mapping
    }

    /// - Returns: nil with a finding if it is missing or not a mapping.
    func requiredMapping(_ name: String, _ findings: inout Findings) -> MappingReader? {
        if value(name) == nil { findings.add(place(of: name), "is missing") }
        return mapping(name, &findings)
    }

    /// The mapping at the end of a path; nil without a finding if there is none.
    func mapping(at path: [String]) -> MappingReader? {
        var current = self
        for name in path {
            guard let (value, place) = current.value(name), let next = MappingReader(value, field: place.field) else {
                return nil
            }
            current = next
        }
        return current
    }

    /// The mappings of a list. An entry that is not a mapping is a finding.
    func list(_ name: String, _ findings: inout Findings) -> [MappingReader] {
        guard let (value, place) = value(name) else { return [] }
        guard case .sequence(let elements) = value.kind else {
            findings.add(place, "is not a list, expected one")
            return []
        }
        var readers: [MappingReader] = []
        for (index, element) in elements.enumerated() {
            let field = "\(place.field)[\(index)]"
            if let reader = MappingReader(element, field: field) {
                readers.append(reader)
            } else {
                findings.add(Place(line: element.line, field: field), "is not an object, expected one")
            }
        }
        return readers
    }

    /// The entries of a map of strings, in their order. A value that is not a string is a finding.
    func strings(_ name: String, _ findings: inout Findings) -> [(key: String, value: Located)] {
        guard let map = mapping(name, &findings) else { return [] }
        return map.pairs.compactMap { pair in
            let place = Place(line: pair.key.line, field: "\(map.place.field).\(pair.name)")
            guard let text = pair.value.string else {
                if pair.value.scalar != .null { findings.add(place, "is not a string, expected one") }
                return nil
            }
            return (pair.name, Located(text: text, place: place))
        }
    }

    /// Adds a finding for each field that is not known.
    func expectNoOther(than known: Set<String>, in kind: String, _ findings: inout Findings) {
        for pair in pairs where !known.contains(pair.name) {
            findings.add(
                Place(line: pair.key.line, field: path(of: pair.name)),
                "has no counterpart: it is not a known field of a \(kind)")
        }
    }

    private func value(_ name: String) -> (node: YAMLNode, place: Place)? {
        guard let pair = pairs.first(where: { $0.name == name }), pair.value.scalar != .null else { return nil }
        return (pair.value, Place(line: pair.key.line, field: path(of: name)))
    }

    private func place(of name: String) -> Place { Place(line: place.line, field: path(of: name)) }

    private func path(of name: String) -> String { place.field.isEmpty ? name : "\(place.field).\(name)" }
}
