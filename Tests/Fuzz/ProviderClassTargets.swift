@testable import Distribution
@testable import ProviderClasses

enum ProviderClassTargets {
    /// Any bytes are classes, or problems with lines. The access of all objects can be exported, and classes that are
    /// reduced to all their objects give the same files again.
    static let classes: Fuzz.Target = { bytes in
        let parsed = ClassManifests.parse(bytes, file: "file", folder: "a")
        for finding in parsed.findings {
            Fuzz.require((0...(bytes.count + 2)).contains(finding.place.line), "a finding names a line of the file")
        }
        guard !parsed.classes.isEmpty, parsed.findings.allSatisfy(\.isRemark) else { return }
        var coverage = MountCoverage(parsed)
        for object in parsed.classes.flatMap(\.objects) {
            for file in object.files.certain {
                guard let path = try? SourcePath(file) else {
                    Fuzz.require(false, "a distribution can name each file of a class without problems")
                    return
                }
                Fuzz.require(coverage.use(.file(path), by: "a/b") == nil, "an object gives its files")
            }
        }
        Fuzz.require(coverage.unused.isEmpty, "each object has a file")
        for format in ExportFormat.allCases {
            guard let text = try? AccessExport(format).output(of: coverage).text else { continue }
            Fuzz.require(text.hasSuffix("\n"), "the output ends with a line break")
            guard format == .objects else { continue }
            let again = ClassManifests.parse(Array(text.utf8), file: "file", folder: "a")
            let used = parsed.classes.filter { !$0.objects.isEmpty }
            Fuzz.require(
                again.classes.flatMap(\.objects).map(\.files) == used.flatMap(\.objects).map(\.files), "the same files")
            Fuzz.require(
                again.classes.flatMap(\.objects).map(\.access) == used.flatMap(\.objects).map(\.access),
                "the same access")
        }
    }
}
