package import JSON

/// An access policy as it was read from a document.
///
/// Reading is strict: a document with any problem cannot be used, because a rule that is misread allows or denies other
/// files than its author intended.
package struct AccessPolicyDocument: Sendable, JSONReadable {
    package static let kind = "SecretsAccessPolicy"

    /// Valid only if `problems` is empty.
    package let policy: AccessPolicy
    package let problems: Problems

    package init(reading json: JSONNode) throws(JSONBytes.Failure) {
        var root = try FieldReader(root: json)
        if let version = root.string("apiVersion"), version != WellKnownKeys.apiVersion {
            root.note("apiVersion", "is \(shown(version)), expected \(shown(WellKnownKeys.apiVersion))")
        }
        if let kind = root.string("kind", required: true), kind != Self.kind {
            root.note("kind", "is \(shown(kind)), expected \(shown(Self.kind))")
        }
        // Allowed as in every resource; its content is ignored.
        _ = root.object("metadata")
        var spec = root.object("spec", required: true)
        policy = AccessPolicy(reading: &spec)
        root.expectNoOther(than: ["apiVersion", "kind", "metadata", "spec"], in: Self.kind)
        root.adopt(spec)
        problems = root.problems
    }
}

extension AccessPolicy {
    fileprivate init(reading reader: inout FieldReader) {
        let mode: Mode = reader.choice("mode") ?? .enforce
        let `default`: Default = reader.choice("default") ?? .deny
        var rules: [Rule] = []
        for var entry in reader.array("rules", of: "\"namespaces\" and \"files\"") ?? [] {
            rules.append(
                Rule(
                    namespaces: entry.patterns("namespaces", for: .namespace),
                    files: entry.patterns("files", for: .file)))
            entry.expectNoOther(than: ["namespaces", "files"], in: AccessPolicyDocument.kind)
            reader.adopt(entry)
        }
        reader.expectNoOther(than: ["mode", "default", "rules"], in: AccessPolicyDocument.kind)
        if let problem = CompiledRules.problem(of: rules) {
            reader.note("rules", problem)
            rules = []
        }
        self.init(mode: mode, default: `default`, rules: rules)
    }
}

extension FieldReader {
    /// A list of patterns. Those that cannot be used are noted and left out.
    mutating func patterns(_ field: String, for subject: Pattern.Subject, atMost most: Int = .max) -> [Pattern] {
        stringList(field, atLeastOne: "pattern", atMost: most).enumerated().compactMap { index, text -> Pattern? in
            guard let text else { return nil }
            do throws(PatternError) {
                return try Pattern(text, for: subject)
            } catch {
                note(at: [.key(field), .index(index)], error.message)
                return nil
            }
        }
    }
}
