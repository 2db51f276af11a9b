import Conversion
import Formats
import Kees
import Stores

enum ConversionTargets {
    /// Whatever the input is, what is printed are valid distributions and comments.
    static let conversion: Fuzz.Target = { bytes in
        var conversion = Conversion(managedBy: "me", domain: "bsycorp.com")
        conversion.add(bytes, file: "file")
        let parsed = Manifests.parse(conversion.output, file: "output")
        Fuzz.require(
            parsed.distributions.count == conversion.count && parsed.others == 0, "only distributions are printed")
        Fuzz.require(parsed.isComplete, "the output is YAML, and each name is valid")
        Fuzz.require(parsed.problems.isEmpty, "each distribution is valid")
        let targets = parsed.distributions.compactMap(\.distribution.target)
        Fuzz.require(Set(targets).count == conversion.count, "a Secret has one distribution")
        for finding in conversion.findings {
            Fuzz.require((0...(bytes.count + 2)).contains(finding.line), "a finding names a line of the file")
            Fuzz.require(Fuzz.isOneLine(finding.description), "a finding is one line")
            Fuzz.require(finding.description.utf8.count < 5000, "a finding is short")
        }
    }

    /// Annotations are read, or the error names a line.
    static let annotations: Fuzz.Target = { bytes in
        do throws(FormError) {
            let read = try DownwardAnnotations.parse(bytes)
            let kees = KeesAnnotations(read, domain: "bsycorp.com")
            let names = kees.parameters.map(\.name)
            Fuzz.require(Set(names).count == names.count, "a name occurs once")
            Fuzz.require(
                kees.parameters.count + kees.faults.count + kees.unserved.count <= read.count, "nothing is invented")
        } catch {
            Fuzz.require(Fuzz.isOneLine(error.description), "an error is one line")
        }
    }
}
