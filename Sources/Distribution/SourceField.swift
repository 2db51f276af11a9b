/// A field of a distribution that names a source: one file of the mount, or a folder of files.
package struct SourceField: Sendable {
    package enum Source: Sendable, Hashable {
        case file(SourcePath)
        case folder(SourceFolder)
    }

    /// The place in the document, from its root.
    package let path: [Problem.PathElement]
    package let source: Source
    /// Whether the distribution does without the source if it is missing.
    package let isOptional: Bool

    /// A problem of the field.
    package func problem(_ message: String) -> Problem { Problem(path, message, reason: .sourceNotFound) }
}

extension SecretsDistribution {
    /// The fields that name sources, with their places in the resource.
    package var sourceFields: [SourceField] {
        spec.sourceFields(at: isCluster ? [.key("spec"), .key("template")] : [.key("spec")])
    }
}

extension DistributionSpec {
    /// The fields that name sources, of a spec at `place`.
    func sourceFields(at place: [Problem.PathElement]) -> [SourceField] {
        mappings.flatMap { mapping in
            mapping.source.fields(
                at: place + [.key("secrets"), .index(mapping.index)], isOptional: mapping.optional)
        }
            + dataFrom.map { source in
                let entry = place + [.key("dataFrom"), .index(source.index)]
                return switch source.content {
                case .file(let path, _, _):
                    SourceField(path: entry + [.key("from")], source: .file(path), isOptional: false)
                case .folder(let folder):
                    SourceField(path: entry + [.key("folder")], source: .folder(folder), isOptional: false)
                }
            }
    }
}

extension ValueSource {
    fileprivate func fields(at place: [Problem.PathElement], isOptional: Bool) -> [SourceField] {
        let field = { (name: String, path: SourcePath) in
            SourceField(path: place + [.key(name)], source: .file(path), isOptional: isOptional)
        }
        switch self {
        case .file(let path): return [field("from", path)]
        case .derived(let path, let derivation):
            return [field("from", path)] + (derivation.passwordFrom.map { [field("passwordFrom", $0)] } ?? [])
        case .template(let template):
            return template.variables.enumerated().flatMap { index, variable in
                variable.source.fields(
                    at: place + [.key("with"), .index(index)], isOptional: isOptional || variable.optional)
            }
        case .constant, .generated: return []
        }
    }
}
