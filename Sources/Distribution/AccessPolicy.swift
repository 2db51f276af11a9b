/// Which source files may go to which namespaces.
///
/// Judges mappings by what they say, whether there is such a file or not.
package struct AccessPolicy: Sendable, Equatable {
    package enum Mode: String, Sendable, CaseIterable {
        case enforce = "Enforce"
        /// Says what it would deny, and lets it through.
        case audit = "Audit"
    }

    /// What becomes of a file that no rule gives to the namespace.
    package enum Default: String, Sendable, CaseIterable {
        /// It goes there if no rule names it at all.
        case allow = "Allow"
        case deny = "Deny"
    }

    /// Files that may go to namespaces: those that match one pattern each.
    package struct Rule: Sendable, Equatable {
        package var namespaces: [Pattern]
        package var files: [Pattern]
    }

    package var mode: Mode
    package var `default`: Default
    package var rules: [Rule]

    /// Those of `files` that may not go to `namespace`, each once, in their order.
    package func denied(_ files: some Sequence<SourcePath>, to namespace: String) -> [SourcePath] {
        let name = Pattern.Text(namespace)
        let giving = rules.filter { $0.namespaces.contains { $0.matches(name) } }
        var verdicts: [SourcePath: Bool] = [:]
        return files.filter { file in
            guard verdicts[file] == nil else { return false }
            let path = Pattern.Text(file.text)
            let isDenied =
                !giving.contains { $0.names(path) } && (self.default == .deny || rules.contains { $0.names(path) })
            verdicts[file] = isDenied
            return isDenied
        }
    }

    /// Why the target of `distribution` must not be written, or must not once the mode is no longer `Audit`; nil if it
    /// may.
    package func refusal(of distribution: SecretsDistribution) -> Refusal? {
        let namespace = distribution.key.namespace
        let files = denied(distribution.spec.mappings.map(\.from), to: namespace)
        guard !files.isEmpty else { return nil }
        let names = Listing(files.lazy.map { shown($0.text) }, of: files.count)
        let noun = files.count == 1 ? "file" : "files"
        let verb = mode == .audit ? "would deny" : "denies"
        return Refusal(
            .policyDenied,
            "The access policy \(verb) namespace \(shown(namespace)) the source \(noun) \(names).")
    }

    /// What is denied to a distribution of a manifest, each at its place in it.
    package func problems(of distribution: SecretsDistribution) -> [Problem] {
        let namespace = distribution.key.namespace
        guard !namespace.isEmpty else {
            let message = "is missing, expected the namespace that the access policy is to be asked for"
            return [Problem([.key("metadata"), .key("namespace")], message, reason: .policyDenied)]
        }
        let mappings = distribution.spec.mappings
        let files = Set(denied(mappings.map(\.from), to: namespace))
        return mappings.filter { files.contains($0.from) }.map { mapping in
            Problem(
                [.key("spec"), .key("secrets"), .index(mapping.index), .key("from")],
                "is \(shown(mapping.from.text)), which the access policy denies to namespace \(shown(namespace))",
                reason: .policyDenied)
        }
    }
}

extension AccessPolicy.Rule {
    fileprivate func names(_ file: Pattern.Text) -> Bool { files.contains { $0.matches(file) } }
}
