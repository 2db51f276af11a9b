package import Distribution
import Observability
import YAML

/// Converts the resources of other programs to distributions that write the same Secrets.
package struct Conversion: Sendable {
    private let managedBy: String
    private let domain: String
    /// In the order of the files.
    package private(set) var findings: [Finding] = []
    /// The number of distributions.
    package private(set) var count = 0
    /// A stream of YAML documents with comments.
    package private(set) var output: [UInt8] = []
    /// By target: the place of what it comes from.
    private var targets: [ObjectKey: String] = [:]
    /// By name: the last number that was added to it.
    private var names: [ObjectKey: Int] = [:]
    private var shared: [String: SharedValue] = [:]

    /// - Parameters:
    ///   - managedBy: the owner mark in the commands that hand a Secret over.
    ///   - domain: the domain of the annotations of kees.
    package init(managedBy: String, domain: String) {
        (self.managedBy, self.domain) = (managedBy, domain)
    }

    /// Converts all documents of a file.
    package mutating func add(_ bytes: [UInt8], file: String) {
        var findings = Findings(file: file)
        let stream = YAMLParser.parse(bytes)
        for error in stream.errors { findings.add(error.line, error.reason) }
        for document in stream.documents { add(document, apiVersion: nil, kind: nil, &findings) }
        self.findings += findings.sorted
    }

    /// Adds a file that cannot be read.
    package mutating func add(unreadable file: String, _ reason: String) {
        findings.append(Finding(file: file, line: 0, message: reason))
    }

    /// Converts a document, or the items of a list. The items of a typed list have no version and kind of their own.
    private mutating func add(
        _ document: YAMLNode, apiVersion: String?, kind: String?, _ findings: inout Findings
    ) {
        let apiVersion = document["apiVersion"]?.string ?? apiVersion ?? ""
        guard let kind = document["kind"]?.string ?? kind, let reader = MappingReader(document) else {
            return findings.remark(document.line, "a document without a kind is skipped")
        }
        if kind.hasSuffix("List"), case .sequence(let items)? = document["items"]?.kind {
            let ofItem = kind == "List" ? nil : String(kind.dropLast("List".count))
            for item in items { add(item, apiVersion: ofItem == nil ? nil : apiVersion, kind: ofItem, &findings) }
            return
        }
        let (group, version) = Self.split(apiVersion)
        switch (kind, group) {
        case (SecretObjects.kind, "secrets-store.csi.x-k8s.io"), (SecretSyncs.kind, "secret-sync.x-k8s.io"):
            guard ["v1", "v1alpha1"].contains(version) else {
                let message = "apiVersion is \(shown(apiVersion)), expected \"\(group)/v1\" or \"\(group)/v1alpha1\""
                return findings.add(document.line(of: ["apiVersion"]), message)
            }
            convert(reader, &findings) { name, namespace, findings, _ in
                kind == SecretSyncs.kind
                    ? SecretSyncs.drafts(in: reader, name: name, namespace: namespace, &findings)
                    : SecretObjects.drafts(in: reader, name: name, namespace: namespace, &findings)
            }
        case _ where Workload.isWorkload(kind, group: group):
            let workload = Workload(kind: kind, domain: domain)
            convert(reader, &findings) { name, namespace, findings, shared in
                workload.drafts(in: reader, name: name, namespace: namespace, shared: &shared, &findings)
            }
        default:
            findings.remark(document.line, "a document of the kind \(shown(kind)) of \(shown(apiVersion)) is skipped")
        }
    }

    private static func split(_ apiVersion: String) -> (group: String, version: String) {
        guard let slash = apiVersion.utf8.lastIndex(of: UInt8(ascii: "/")) else { return ("", apiVersion) }
        return (String(apiVersion[..<slash]), String(apiVersion[apiVersion.utf8.index(after: slash)...]))
    }

    private mutating func convert(
        _ document: MappingReader, _ findings: inout Findings,
        _ read: (Located, Located?, inout Findings, inout [String: SharedValue]) -> [Draft]
    ) {
        guard let metadata = document.requiredMapping("metadata", &findings),
            let name = metadata.required("name", &findings)
        else { return }
        for draft in read(name, metadata.string("namespace", &findings), &findings, &shared) {
            write(draft, &findings)
        }
    }

    private mutating func write(_ draft: Draft, _ findings: inout Findings) {
        let namespace = draft.namespace?.text ?? ""
        var draft = draft
        draft.rename(unique(draft.name, in: namespace))
        guard let draft = draft.checked(&findings) else { return }
        let place = "\(findings.file):\(draft.origin.place.line)"
        let target = ObjectKey(namespace: namespace, name: draft.secret.text)
        guard targets[target] == nil else {
            let other = targets[target] ?? ""
            return findings.add(
                draft.secret.place,
                "has no counterpart: it is Secret \(target), like \(other), and a Secret can have one"
                    + " distribution only")
        }
        do {
            let manifest = try YAMLEmitter.emit(draft.manifest)
            targets[target] = place
            count += 1
            output += Array((["---"] + comments(draft, place).map { "# \($0.onOneLine)" }).joined(separator: "\n").utf8)
            output += [UInt8(ascii: "\n")] + manifest
        } catch {
            findings.add(draft.origin.place, "\(error)")
        }
    }

    private func comments(_ draft: Draft, _ place: String) -> [String] {
        var lines = ["From \(draft.origin.text), \(place)."]
        if draft.isIncomplete {
            lines += [
                "INCOMPLETE: some data keys have no counterpart. secrets-distributor removes data keys that are not listed",
                "here from the Secret.",
            ]
        }
        let handover = draft.handover.lines(
            secret: draft.secret.text, namespace: draft.namespace?.text, managedBy: managedBy)
        return lines + handover
    }

    /// The name itself, or with a number at the end.
    private mutating func unique(_ name: String, in namespace: String) -> String {
        let key = { ObjectKey(namespace: namespace, name: $0) }
        var candidate = name
        while names[key(candidate)] != nil {
            let number = names[key(name), default: 1] + 1
            names[key(name)] = number
            candidate = "\(name)-\(number)"
        }
        names[key(candidate)] = 1
        return candidate
    }
}
