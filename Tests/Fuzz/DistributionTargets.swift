import Observability
import Snapshots

@testable import Distribution
@testable import JSON
@testable import Planning
@testable import Stores

enum DistributionTargets {
    /// Any object is decoded as a distribution, valid or not, as JSON and as YAML.
    static let distribution: Fuzz.Target = { bytes in
        if let value = try? JSONValue(json: bytes), value.object != nil {
            guard let distribution = try? JSONBytes.decode(SecretsDistribution.self, from: bytes) else {
                Fuzz.require(false, "every object is decoded")
                return
            }
            check(distribution)
        }
        let parsed = Manifests.parse(bytes, file: "file")
        for (distribution, line) in parsed.distributions {
            Fuzz.require(line > 0, "a distribution has a line")
            check(distribution)
        }
        for problem in parsed.problems {
            Fuzz.require((0...(bytes.count + 2)).contains(problem.line), "a problem names a line of the file")
            Fuzz.require(Fuzz.isOneLine(problem.description.onOneLine), "a problem can be shown on one line")
        }
    }

    private static func check(_ distribution: SecretsDistribution) {
        Fuzz.require(distribution.problems.count <= Problems.most, "problems are bounded")
        Fuzz.require(distribution.refusal?.message.unicodeScalars.count ?? 0 <= 4001, "a rejection is bounded")
        for problem in distribution.problems {
            Fuzz.require(Fuzz.isOneLine(problem.description), "a problem is one line")
        }
        if distribution.hasUsableName {
            Fuzz.require(isSafe(distribution.key.name), "a name is valid in Kubernetes")
            Fuzz.require(
                distribution.key.namespace.isEmpty || isSafe(distribution.key.namespace),
                "a namespace's name is valid in Kubernetes")
        }
        if let target = distribution.target {
            Fuzz.require(isSafe(target.name), "a target's name is valid in Kubernetes")
        }
        var files: [String: SourceFile] = [:]
        for mapping in distribution.spec.mappings {
            Fuzz.require(isSafe(mapping.to), "a data key cannot be a path")
        }
        for path in distribution.spec.files {
            check(path.text)
            files[path.text] = SourceFile(SecretBytes(path.text.utf8))
        }
        for key in Array(distribution.spec.labels.keys) + distribution.spec.annotations.keys {
            Fuzz.require(!key.utf8.starts(with: "xlscsde.nhs.uk/".utf8), "our own marks cannot be set")
            Fuzz.require(key.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f }, "a key of metadata has no blanks")
        }
        let snapshot = Snapshot(generation: "1", createdAt: Timestamp(seconds: 0), files: files)
        do {
            var pairs = CertificateCheckCache()
            let desired = try DesiredTarget(distribution, from: snapshot, managedBy: "me", checks: &pairs)
            Fuzz.require(distribution.refusal == nil, "an invalid distribution has no target")
            Fuzz.require(desired.type.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f }, "a type has no blanks")
            for mapping in distribution.spec.mappings {
                guard case .file(let path) = mapping.source else { continue }
                Fuzz.require(
                    desired.data[mapping.to]?.digest == Digest(of: SecretBytes(path.text.utf8)),
                    "a key has the content of its source")
            }
        } catch {
            let isPlain =
                distribution.spec.dataFrom.isEmpty
                && distribution.spec.mappings.allSatisfy { mapping in
                    if case .file = mapping.source { true } else { false }
                }
            Fuzz.require(
                !isPlain || distribution.refusal != nil || distribution.target == nil,
                "a valid distribution of plain files has content")
            Fuzz.require(Fuzz.isOneLine(error.message), "a rejection is one line")
        }
    }

    /// An accepted path cannot lead out of the mount when the kernel reads it byte by byte.
    static let sourcePath: Fuzz.Target = { bytes in
        guard let path = try? SourcePath(Fuzz.text(bytes)) else { return }
        check(path.text)
        guard let again = try? SourcePath(path.text) else {
            Fuzz.require(false, "an accepted path is accepted again")
            return
        }
        Fuzz.require(again.text.utf8.elementsEqual(path.text.utf8), "it is unchanged then")
        let parts = bytes.split(separator: UInt8(ascii: "/"))
        Fuzz.require(!parts.contains(Array("..".utf8)[...]), "no path leads up")
    }

    private static func check(_ path: String) {
        let parts = path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        Fuzz.require(!path.utf8.contains(0), "a path has no NUL")
        for part in parts {
            Fuzz.require(
                !part.isEmpty && !part.elementsEqual(".".utf8), "a path has no empty or . component")
            Fuzz.require(!part.starts(with: "..".utf8), "a volume's own names are not read, in any folder")
        }
    }

    /// Names, and the texts that are joined from names.
    static let names: Fuzz.Target = { bytes in
        let text = Fuzz.text(bytes)
        let slash = UInt8(ascii: "/")
        if let key = ObjectKey(text) {
            Fuzz.require(key.description.utf8.elementsEqual(text.utf8), "a key is written as it was read")
            for part in [key.namespace, key.name] {
                Fuzz.require(!part.utf8.contains(slash), "a key has at most one slash")
            }
            Fuzz.require(!key.name.isEmpty, "a key has a name")
            Fuzz.require(key.namespace.isEmpty != text.utf8.contains(slash), "a namespace is before the slash")
        }
        if Syntax.problem(ofName: text) == nil { Fuzz.require(isSafe(text), "a name is safe in a path") }
        if Syntax.problem(ofNamespace: text) == nil { Fuzz.require(isSafe(text), "a namespace is safe in a path") }
        if Syntax.problem(ofDataKey: text) == nil { Fuzz.require(isSafe(text), "a data key is safe in a path") }
        for problem in [Syntax.problem(ofName: text), Syntax.problem(ofDataKey: text), Syntax.refusal(ofType: text)] {
            Fuzz.require(Fuzz.isOneLine(problem ?? ""), "a problem is one line")
        }
        Fuzz.require(Fuzz.isOneLine(shown(text)), "shown text is one line")
    }

    /// Agrees with the decoder on what is an object, but accepts more: bytes that are not UTF-8, halves of surrogate
    /// pairs and numbers of any size, and deeper nesting.
    static let jsonObject: Fuzz.Target = { bytes in
        let isObject = bytes.withUnsafeBytes { JSONBytes.isObject($0) }
        // Other encodings contain zeros; and a byte order mark.
        guard !bytes.contains(0), !bytes.starts(with: [0xef, 0xbb, 0xbf]) else { return }
        // The decoder accepts a comma after the last element if a blank follows it; the API server does not.
        let dense = bytes.filter { ![0x20, 0x09, 0x0a, 0x0d].contains($0) }
        guard dense.firstRange(of: ",]".utf8) == nil, dense.firstRange(of: ",}".utf8) == nil else { return }
        let decoded = try? JSONValue(json: bytes)
        if decoded?.object != nil { Fuzz.require(isObject, "a decoded object is an object") }
        if decoded != nil { Fuzz.require(isObject == (decoded?.object != nil), "another value is not an object") }
        guard isObject, decoded == nil else { return }
        let brackets = bytes.count { "[{".utf8.contains($0) }
        let hasNumber = bytes.contains { "eE".utf8.contains($0) } || bytes.count > 300
        let hasSurrogate = Fuzz.text(bytes).lowercased().contains("\\ud")
        Fuzz.require(
            brackets > 90 || hasNumber || hasSurrogate || String(validating: bytes, as: UTF8.self) == nil,
            "accepted input is an object")
    }

    private static func isSafe(_ name: String) -> Bool {
        !name.isEmpty && name != "." && name != ".." && name.utf8.count <= 253
            && name.utf8.allSatisfy { byte in
                (0x61...0x7a).contains(byte | 0x20) || (0x30...0x39).contains(byte) || "-_.".utf8.contains(byte)
            }
    }
}
