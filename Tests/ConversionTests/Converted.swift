import Distribution
import JSON
import Testing
import YAML

@testable import Conversion

/// The result of a conversion, with its distributions read again as the program reads them.
struct Converted {
    let text: String
    let documents: [YAMLNode]
    let distributions: [SecretsDistribution]
    let findings: [Finding]

    /// - Parameter files: the texts of the files `1.yaml`, `2.yaml` and so on.
    init(_ files: String..., managedBy: String = "secrets-distributor", domain: String = "bsycorp.com") throws {
        var conversion = Conversion(managedBy: managedBy, domain: domain)
        for (index, file) in files.enumerated() { conversion.add(Array(file.utf8), file: "\(index + 1).yaml") }
        text = String(decoding: conversion.output, as: UTF8.self)
        documents = try YAMLParser.documents(in: conversion.output)
        distributions = try documents.map { try JSONBytes.decode(SecretsDistribution.self, from: $0.json()) }
        findings = conversion.findings
        #expect(conversion.count == documents.count)
    }

    /// What is lost.
    var lost: [String] { findings.filter { !$0.isRemark }.map(\.description) }
    var remarks: [String] { findings.filter(\.isRemark).map(\.description) }

    /// By data key: the source, for a distribution with files only.
    func sources(_ index: Int = 0) -> [String: String] {
        guard distributions.indices.contains(index) else { return [:] }
        return Dictionary(distributions[index].spec.mappings.map { ($0.to, $0.source.files.first?.text ?? "") }) { $1 }
    }

    /// Each distribution is valid.
    func expectValid(sourceLocation: SourceLocation = #_sourceLocation) {
        for distribution in distributions {
            #expect(distribution.problems.total == 0, "\(distribution.problems)", sourceLocation: sourceLocation)
        }
        let names = distributions.map(\.key)
        #expect(Set(names).count == names.count, sourceLocation: sourceLocation)
    }
}
