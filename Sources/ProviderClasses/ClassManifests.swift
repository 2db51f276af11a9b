package import Distribution
import YAML

/// Parses files with SecretProviderClass manifests (secrets-store.csi.x-k8s.io/v1).
package enum ClassManifests {
    package struct Parsed: Sendable {
        package var classes: [ProviderClass] = []
        package var findings: [Finding] = []
        /// The folders of `SECRETS_PATH` where classes that could not be read are mounted. Their files are not known.
        package var unreadFolders: [String] = []

        package init() {}
    }

    private static let kind = "SecretProviderClass"
    private static let group = "secrets-store.csi.x-k8s.io"

    /// Reads all classes of a file and skips documents of other kinds. A file without a class is a problem.
    ///
    /// - Parameter folder: where the classes are mounted below `SECRETS_PATH`; "" is `SECRETS_PATH` itself.
    package static func parse(_ bytes: [UInt8], file: String, folder: String = "") -> Parsed {
        let stream = YAMLParser.parse(bytes)
        var parsed = Parsed()
        for document in stream.documents { add(document, to: &parsed, file: file, folder: folder) }
        for error in stream.errors {
            parsed.findings.append(Finding(FilePlace(file: file, line: error.line), error.reason))
        }
        if parsed.classes.isEmpty, parsed.findings.isEmpty {
            parsed.findings.append(Finding(FilePlace(file: file, line: 0), "contains no \(kind)"))
        }
        if parsed.classes.isEmpty || !stream.errors.isEmpty { parsed.unreadFolders.append(folder) }
        parsed.findings.sort { $0.place.line < $1.place.line }
        return parsed
    }

    /// Adds a document, or the items of a list as `kubectl get -o yaml` prints it.
    private static func add(_ document: YAMLNode, to parsed: inout Parsed, file: String, folder: String) {
        let name = document["kind"]?.string
        if name == "List" || name == "\(kind)List", case .sequence(let items)? = document["items"]?.kind {
            for item in items { add(item, to: &parsed, file: file, folder: folder) }
            return
        }
        guard name == kind else { return }
        let versions = ["v1", "v1alpha1"].map { "\(group)/\($0)" }
        let version = document["apiVersion"]
        guard let text = version?.string, versions.contains(text) else {
            let line = document.line(of: ["apiVersion"])
            let message = "apiVersion is \(version?.noun ?? "missing"), expected \(shown(versions[0]))"
            parsed.findings.append(Finding(FilePlace(file: file, line: line), message))
            parsed.unreadFolders.append(folder)
            return
        }
        var reader = ClassReader(document, file: file, folder: folder)
        parsed.classes.append(reader.read())
        if reader.findings.hasProblem { parsed.unreadFolders.append(folder) }
        parsed.findings += reader.findings.all(of: document.line)
    }
}
