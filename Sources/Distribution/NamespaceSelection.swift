/// The namespaces in which a `ClusterSecretsDistribution` has targets. A namespace must meet all criteria that are set.
///
/// A class, so that it takes no room in thousands of `SecretsDistribution` values.
package final class NamespaceSelection: Sendable {
    /// `spec.namespaceSelector`
    package let selector: LabelSelector?
    /// `spec.namespaces`; at least one must match.
    package let included: NamePatterns?
    /// `spec.excludeNamespaces`; none may match.
    package let excluded: NamePatterns?

    init(selector: LabelSelector?, included: NamePatterns?, excluded: NamePatterns?) {
        (self.selector, self.included, self.excluded) = (selector, included, excluded)
    }

    /// Selects nothing, for a resource that cannot be read.
    package static let none = NamespaceSelection(selector: nil, included: nil, excluded: nil)

    package func selects(_ namespace: Namespace) -> Bool {
        guard selector != nil || included != nil, excluded?.matches(namespace.name) != true else { return false }
        return included?.matches(namespace.name) != false && selector?.selects(namespace) != false
    }
}

extension NamespaceSelection: Equatable {
    package static func == (left: NamespaceSelection, right: NamespaceSelection) -> Bool {
        left.selector == right.selector && left.included == right.included && left.excluded == right.excluded
    }
}

/// Patterns of names, compiled.
package struct NamePatterns: Sendable, Equatable {
    private let patterns: [Pattern]
    private let automaton: PatternAutomaton
    private let selection: PatternAutomaton.Selection
    private let ends: PatternAutomaton.States

    init(_ patterns: [Pattern]) {
        self.patterns = patterns
        automaton = PatternAutomaton(patterns)
        selection = automaton.selection(of: patterns.indices)
        ends = automaton.ends(of: patterns.indices)
    }

    func matches(_ name: String) -> Bool { automaton.run(name, selection).meets(ends) }

    package static func == (left: Self, right: Self) -> Bool { left.patterns == right.patterns }
}

extension NamespaceSelection {
    /// The maximum number of patterns in a list. A name has 63 bytes, so a comparison takes microseconds.
    private static let mostPatterns = 1000

    /// Reads the fields of `spec` that select namespaces.
    convenience init(reading spec: inout FieldReader) {
        var selector: LabelSelector?
        if spec.has("namespaceSelector") {
            var reader = spec.object("namespaceSelector")
            if reader.exists { selector = LabelSelector(reading: &reader) }
            spec.adopt(reader)
        }
        let included = spec.has("namespaces") ? Self.patterns("namespaces", &spec) : nil
        let excluded = spec.has("excludeNamespaces") ? Self.patterns("excludeNamespaces", &spec) : nil
        if spec.exists, !spec.has("namespaceSelector"), !spec.has("namespaces") {
            spec.note(
                "namespaces",
                "is missing, and so is spec.namespaceSelector; expected at least one, such as namespaces: [\"team-*\"]")
        }
        self.init(selector: selector, included: included, excluded: excluded)
    }

    private static func patterns(_ field: String, _ spec: inout FieldReader) -> NamePatterns? {
        let patterns = spec.patterns(field, for: .namespace, atMost: mostPatterns)
        if let problem = PatternAutomaton.problem(of: patterns) {
            spec.note(field, problem)
            return NamePatterns([])
        }
        return NamePatterns(patterns)
    }
}
