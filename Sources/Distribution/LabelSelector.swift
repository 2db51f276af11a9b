/// `metav1.LabelSelector`. It selects a namespace if all its requirements hold; without requirements, it selects all.
package struct LabelSelector: Sendable, Equatable {
    /// A requirement for one label.
    package struct Requirement: Sendable, Equatable {
        package enum Condition: String, Sendable, CaseIterable {
            case isIn = "In"
            /// Holds without the label too.
            case isNotIn = "NotIn"
            case exists = "Exists"
            case doesNotExist = "DoesNotExist"

            /// Whether it is about values.
            var hasValues: Bool { self == .isIn || self == .isNotIn }
        }

        package let key: String
        package let condition: Condition
        package let values: Set<String>

        fileprivate func holds(for value: String?) -> Bool {
            switch condition {
            case .isIn: value.map(values.contains) ?? false
            case .isNotIn: value.map { !values.contains($0) } ?? true
            case .exists: value != nil
            case .doesNotExist: value == nil
            }
        }
    }

    package let requirements: [Requirement]

    package func selects(_ namespace: Namespace) -> Bool {
        requirements.allSatisfy { $0.holds(for: namespace.label($0.key)) }
    }
}

extension LabelSelector {
    /// The maximum number of labels, and of expressions.
    private static let mostRequirements = 100
    private static let mostValues = 1000

    init(reading reader: inout FieldReader) {
        var requirements: [Requirement] = []
        let labels = reader.strings("matchLabels", atMost: Self.mostRequirements)
        for (key, value) in labels.sorted(by: { $0.key < $1.key }) {
            if let problem = Syntax.problem(ofMetadataKey: key) ?? Syntax.problem(ofLabelValue: value) {
                reader.note(at: [.key("matchLabels"), .key(key)], problem)
            }
            requirements.append(Requirement(key: key, condition: .isIn, values: [value]))
        }
        let expressions = reader.array(
            "matchExpressions", of: "\"key\" and \"operator\"", atMost: Self.mostRequirements, required: false)
        for var entry in expressions ?? [] {
            if let requirement = Requirement(reading: &entry) { requirements.append(requirement) }
            entry.expectNoOther(than: ["key", "operator", "values"])
            reader.adopt(entry)
        }
        reader.expectNoOther(than: ["matchLabels", "matchExpressions"])
        self.requirements = requirements
    }
}

extension LabelSelector.Requirement {
    fileprivate init?(reading reader: inout FieldReader) {
        let key = reader.string("key", required: true)
        if let key, let problem = Syntax.problem(ofMetadataKey: key) {
            reader.note("key", "is \(shown(key)), which \(problem)")
        }
        guard reader.has("operator") else {
            reader.note("operator", "is missing, expected \"In\", \"NotIn\", \"Exists\" or \"DoesNotExist\"")
            return nil
        }
        guard let condition: Condition = reader.choice("operator"), let key else { return nil }
        guard condition.hasValues else {
            if reader.has("values") {
                reader.note("values", "is set, expected none with operator \(condition.rawValue)")
            }
            self.init(key: key, condition: condition, values: [])
            return
        }
        guard reader.has("values") else {
            reader.note("values", "is missing, expected a list for operator \(condition.rawValue)")
            return nil
        }
        let values = reader.stringList("values", atLeastOne: "value", atMost: LabelSelector.mostValues)
        for (index, value) in values.enumerated() {
            guard let value, let problem = Syntax.problem(ofLabelValue: value) else { continue }
            reader.note(at: [.key("values"), .index(index)], problem)
        }
        self.init(key: key, condition: condition, values: Set(values.compactMap { $0 }))
    }
}
