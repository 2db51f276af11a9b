/// Defines which source files may go to which namespaces.
///
/// Evaluates the paths in the mappings, whether the files exist or not. A cluster distribution is evaluated for each of
/// its namespaces.
package struct AccessPolicy: Sendable, Equatable {
    package enum Mode: String, Sendable, CaseIterable {
        case enforce = "Enforce"
        /// Allows everything and reports what `enforce` would deny.
        case audit = "Audit"
    }

    /// Whether a file that no rule allows for the namespace may go there.
    package enum Default: String, Sendable, CaseIterable {
        /// A file that no rule names goes anywhere.
        case allow = "Allow"
        case deny = "Deny"
    }

    /// Files that may go to namespaces. A file or a namespace must match one of the patterns.
    ///
    /// A verdict may depend only on the policy, on a distribution's namespace and sources, and on the names of the files
    /// in its folders: `PolicyVerdicts` keeps it while these stay the same.
    package struct Rule: Sendable, Equatable {
        package var namespaces: [Pattern]
        package var files: [Pattern]
    }

    package let mode: Mode
    package let `default`: Default
    package let rules: [Rule]
    private let compiled: CompiledRules

    package init(mode: Mode, default: Default, rules: [Rule]) {
        (self.mode, self.default, self.rules) = (mode, `default`, rules)
        compiled = CompiledRules(rules)
    }

    package static func == (left: AccessPolicy, right: AccessPolicy) -> Bool {
        left.mode == right.mode && left.default == right.default && left.rules == right.rules
    }

    /// The `files` that may not go to `namespace`, without duplicates, in their order.
    package func denied(_ files: some Sequence<SourcePath>, to namespace: String) -> [SourcePath] {
        var evaluation = PolicyEvaluation(of: Array(files), to: namespace, compiled, self.default)
        while !evaluation.advance(by: .max) {}
        return evaluation.denied
    }

    /// An evaluation of the source files of `distribution`. Call `advance` until it returns true.
    ///
    /// - Parameter files: all files that it reads, with those of its folders; nil for those that its spec names.
    package func evaluation(of distribution: SecretsDistribution, files: [SourcePath]? = nil) -> PolicyEvaluation {
        PolicyEvaluation(
            of: files ?? distribution.spec.files, to: distribution.targetNamespace ?? "", compiled, self.default)
    }

    /// Why the target of `distribution` must not be written. In mode `Audit`: why `Enforce` would not let it be
    /// written. Nil if the policy allows it.
    package func refusal(of distribution: SecretsDistribution, files: [SourcePath]? = nil) -> Refusal? {
        var evaluation = evaluation(of: distribution, files: files)
        while !evaluation.advance(by: .max) {}
        return refusal(evaluation)
    }

    /// The refusal for a finished evaluation; nil if nothing is denied.
    package func refusal(_ evaluation: PolicyEvaluation) -> Refusal? {
        let files = evaluation.denied
        guard !files.isEmpty else { return nil }
        let names = NameList(files.lazy.map { shown($0.text) }, of: files.count)
        let noun = files.count == 1 ? "file" : "files"
        let verb = mode == .audit ? "would deny" : "denies"
        return Refusal(
            .policyDenied,
            "The access policy \(verb) namespace \(shown(evaluation.namespace)) the source \(noun) \(names).")
    }

    /// The denied sources of a distribution in a manifest, each with its path in the manifest.
    ///
    /// Which namespaces a cluster distribution selects is known only in the cluster, so it is not evaluated.
    package func problems(of distribution: SecretsDistribution) -> [Problem] {
        guard !distribution.isCluster else { return [] }
        let namespace = distribution.key.namespace
        guard !namespace.isEmpty else {
            let message = "is missing, expected the namespace that the access policy is evaluated for"
            return [Problem([.key("metadata"), .key("namespace")], message, reason: .policyDenied)]
        }
        let fields = distribution.spec.fileFields
        let files = Set(denied(fields.map(\.file), to: namespace))
        return fields.filter { files.contains($0.file) }.map { path, file in
            Problem(
                path, "is \(shown(file.text)), which the access policy denies to namespace \(shown(namespace))",
                reason: .policyDenied)
        }
    }
}
