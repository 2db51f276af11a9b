import Distribution
import Stores

@testable import ProviderClasses

/// SecretProviderClasses for tests.
enum Classes {
    /// A class whose list of objects starts on line 8.
    static func manifest(_ provider: VaultProvider, _ objects: String, _ parameters: String...) -> String {
        // Parameters that every class of the provider has.
        let standard =
            switch provider {
            case .azure: ["keyvaultName: vault", "tenantId: t"]
            case .vault: ["roleName: web"]
            case .aws, .gcp: [String]()
            }
        let lines = objects.split(separator: "\n", omittingEmptySubsequences: false).map { "      \($0)" }
        let more = (parameters + standard).map { "    \($0)\n" }.joined()
        return """
            apiVersion: secrets-store.csi.x-k8s.io/v1
            kind: SecretProviderClass
            metadata: {name: class, namespace: agent}
            spec:
              provider: \(provider.rawValue)
              parameters:
                \(provider.listParameter): |
            \(lines.joined(separator: "\n"))
            \(more)
            """
    }

    static func parse(_ text: String, folder: String = "") -> ClassManifests.Parsed {
        ClassManifests.parse(Array(text.utf8), file: "class.yaml", folder: folder)
    }

    /// The objects of a class without findings.
    static func objects(_ text: String, folder: String = "") -> [VaultObject] {
        parse(text, folder: folder).classes.flatMap(\.objects)
    }

    /// `LINE: MESSAGE` for each finding.
    static func findings(_ text: String) -> [String] {
        parse(text).findings.map { "\($0.place.line): \($0.isRemark ? "remark: " : "")\($0.message)" }
    }

    /// The coverage by several files; see below.
    static func coverage(
        _ classes: ClassManifests.Parsed..., of distributions: String
    ) -> (coverage: MountCoverage, problems: [String]) {
        var all = ClassManifests.Parsed()
        all.classes = classes.flatMap(\.classes)
        all.unreadFolders = classes.flatMap(\.unreadFolders)
        return coverage(all, distributions)
    }

    /// A coverage after the use of the sources of a manifest, and the lines and messages of what is missing.
    static func coverage(
        _ classes: ClassManifests.Parsed, _ distributions: String
    ) -> (coverage: MountCoverage, problems: [String]) {
        var coverage = MountCoverage(classes)
        let parsed = Manifests.parse(Array(distributions.utf8), file: "d.yaml", withSources: true)
        let problems = parsed.problems.map(\.description)
        let missing = parsed.sources.compactMap { source in
            coverage.use(source.field.source, by: source.distribution)
                .map { "\(source.line): \(source.field.problem($0).description)" }
        }
        return (coverage, problems + missing)
    }

    /// A distribution that maps each file to a key.
    static func distribution(_ name: String, _ files: [String]) -> String {
        let mappings = files.enumerated().map { "    - {from: \"\($1)\", to: k\($0)}\n" }.joined()
        return """
            apiVersion: xlscsde.nhs.uk/v1
            kind: SecretsDistribution
            metadata: {name: \(name), namespace: web}
            spec:
              name: \(name)
              secrets:
            \(mappings)
            """
    }
}
