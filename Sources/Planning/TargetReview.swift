import Certificates
package import Distribution
import JSON
package import Observability
import Snapshots
import Values

/// Checks the content of a desired target: whether it may be written, and what to warn about.
///
/// `spec.validation: None` turns the checks off, except one: a target that would lose a key because a whole volume is
/// missing is always held back. The result depends only on the current state, so it is the same after a restart.
package struct TargetReview: Sendable {
    /// Why the target must not be changed; nil if it may be.
    package private(set) var refusal: Refusal?
    /// Sentences for the status of a target that is written.
    package private(set) var warnings: [String] = []

    private let desired: DesiredTarget
    private let spec: DistributionSpec

    /// - Parameters:
    ///   - spec: the spec of `desired`.
    ///   - observed: the existing target; nil if there is none.
    package init(
        of desired: DesiredTarget, by spec: DistributionSpec, over observed: ObservedTarget?,
        checks: inout CertificateCheckCache, now: Timestamp
    ) {
        self.desired = desired
        self.spec = spec
        do throws(Refusal) {
            if let observed { try refuseAbsent(observed) }
            guard spec.validation == .full else { return }
            if let observed { try refuseEmptied(observed) }
            guard let type = SecretType(rawValue: desired.type) else { return }
            // Generated values are not known here, and those of other types cannot be generated.
            guard desired.generated.isEmpty || desired.generated.keys.isDisjoint(with: type.requiredKeys.joined())
            else {
                return
            }
            let values = try requiredValues(of: type)
            switch type {
            case .tls:
                try refuseUnusable(values[0], values[1], &checks)
                let found = try review(checks.pair(chain: values[0], key: values[1]), at: now)
                if let authority = desired.data[SecretType.authority], let defect = checks.defect(of: authority) {
                    throw .pair(defect, in: source(of: SecretType.authority))
                }
                warnings = found
            case .dockerConfig, .dockerConfigJSON:
                guard values[0].bytes.withUnsafeBytes(JSONBytes.isObject) else {
                    throw unusable(type, "is not a JSON object")
                }
            case .sshAuth: if values[0].bytes.count == 0 { throw unusable(type, "is empty") }
            case .basicAuth: break
            }
        } catch {
            refusal = error
        }
    }
}

extension TargetReview {
    /// Keeps the key of an optional source if its whole volume is missing.
    private func refuseAbsent(_ observed: ObservedTarget) throws(Refusal) {
        guard !desired.missing.isEmpty || !spec.folders.isEmpty else { return }
        let volumes = observed.mountGeneration.map { MountGeneration(parsing: $0).names.keys.sorted() } ?? []
        let lost = volumes.filter { !$0.isEmpty && desired.volumes[$0] == nil }
        try refuseLostMembers(observed, lost)
        let sources = desired.missing.flatMap { key, sources in sources.map { (key: key, source: $0) } }
        for (key, source) in sources.sorted(by: { $0.key < $1.key }) where observed.digests[key] != nil {
            if let folder = source.emptyFolder {
                throw Refusal(
                    .sourceUnreadable,
                    "Source file \(shown(source.path.text)) is missing and folder \(shown(folder)) is empty,"
                        + " as before a volume is mounted there; \(shown(key)) is kept while the folder is empty.")
            }
            if let volume = lost.first(where: source.isBelow) {
                throw Refusal(
                    .sourceUnreadable,
                    "Source file \(shown(source.path.text)) is missing with the whole volume \(shown(volume)) that"
                        + " \(shown(key)) came from, expected that volume in the mount.")
            }
        }
    }

    /// Keeps the keys of a folder while a whole volume in it, or the one that contains it, is missing.
    private func refuseLostMembers(_ observed: ObservedTarget, _ lost: [String]) throws(Refusal) {
        let mapped = Set(spec.mappings.map(\.to))
        let isLosing = observed.digests.keys.contains { desired.data[$0] == nil && !mapped.contains($0) }
        guard isLosing else { return }
        let absent = lost + desired.emptyFolders.sorted()
        for folder in spec.dataFrom.compactMap(\.folder) {
            guard let volume = absent.first(where: folder.mayContainFiles(of:)) else { continue }
            throw Refusal(
                .sourceUnreadable,
                "Folder \(shown(folder.path.isEmpty ? "." : folder.path)) lacks the volume \(shown(volume)), which may have"
                    + " more keys, expected that volume in the mount.")
        }
    }

    /// Holds back a file that became empty, because a vault or a writer may empty a file before it writes the new
    /// content.
    private func refuseEmptied(_ observed: ObservedTarget) throws(Refusal) {
        // In the same generation the file was empty before: another writer has edited the Secret.
        guard observed.mountGeneration != desired.generation else { return }
        let emptied = desired.data.filter { key, value in
            value.bytes.count == 0 && isOfFile(key) && observed.digests[key].map { $0 != value.digest } ?? false
        }
        guard !emptied.isEmpty else { return }
        let names = emptied.keys.sorted().map(source).joined(separator: ", ")
        throw Refusal(
            .sourceUnreadable,
            "Source file \(names) became empty, expected content as before; spec.validation: None allows it.")
    }

    /// Whether a data key has the content of a file, or a part of it. A template or a member may be empty.
    private func isOfFile(_ key: String) -> Bool {
        switch spec.mappings.first(where: { $0.to == key })?.source {
        case .file?, .derived?: true
        case .template?, .constant?, .generated?: false
        case nil: desired.members[key].map { spec.dataFrom[$0].folder != nil } ?? false
        }
    }

    /// For each list of alternative keys that the type requires, the first value that is present.
    private func requiredValues(of type: SecretType) throws(Refusal) -> [SecretValue] {
        var values: [SecretValue] = []
        for keys in type.requiredKeys {
            guard let value = keys.lazy.compactMap({ desired.data[$0] }).first else {
                let names = keys.joined(separator: " or ")
                let files = spec.mappings.filter { keys.contains($0.to) }
                    .flatMap { desired.missing[$0.to] ?? [] }.map { shown($0.path.text) }
                guard !files.isEmpty else {
                    throw Refusal(
                        .sourceNotFound,
                        "No source gives \(names), which a Secret of type \(type.rawValue) must have.")
                }
                throw Refusal(
                    .sourceNotFound,
                    "The mount has no file \(files.joined(separator: ", ")); it is optional, but a Secret of type"
                        + " \(type.rawValue) must have \(names).")
            }
            values.append(value)
        }
        return values
    }

    private func unusable(_ type: SecretType, _ problem: String) -> Refusal {
        let key = type.requiredKeys[0][0]
        return Refusal(
            .sourceUnreadable,
            "Source file \(source(of: key)) \(problem), which a Secret of type \(type.rawValue) cannot hold as \(key).")
    }

    /// Refuses a private key in another format than PEM, and names that format.
    private func refuseUnusable(
        _ chain: SecretValue, _ key: SecretValue, _ checks: inout CertificateCheckCache
    ) throws(Refusal) {
        guard checks.pair(chain: chain, key: key).verdict == .keyMissing,
            let content = checks.values.keyContent(of: key),
            content != .pem
        else { return }
        throw .pair(
            "Source file \(source(of: SecretType.key)) \(content.text), expected PEM."
                + " \(content.remedy(for: SecretType.key))")
    }

    /// - Returns: warnings.
    private func review(_ pair: CertificatePair, at now: Timestamp) throws(Refusal) -> [String] {
        let (chain, key) = (source(of: SecretType.certificate), source(of: SecretType.key))
        var warnings: [String] = []
        for (file, defect) in [(chain, pair.chainDefect), (key, pair.keyDefect)] {
            guard let defect else { continue }
            throw .pair(defect, in: file)
        }
        switch pair.verdict {
        case .fits: break
        case .mismatch:
            throw .pair("Source files \(chain) and \(key) do not belong together: the certificate is for another key.")
        case .wrongOrder(let number):
            throw .pair(
                "Source file \(chain) is a chain in the wrong order: its certificate number \(number) is the one for"
                    + " the key in source file \(key), expected it first.")
        case .certificateMissing:
            throw .pair("Source file \(chain) holds no PEM certificate, expected the one for the key in \(key).")
        case .certificateUnreadable(let number):
            throw .pair(
                "Certificate number \(number) in source file \(chain) is damaged, expected one for the key in \(key).")
        case .keyMissing:
            throw .pair(
                "Source file \(key) holds no PEM private key, expected the one for the certificate in \(chain).")
        case .keyUnreadable:
            throw .pair("The private key in source file \(key) is damaged, expected the one for \(chain).")
        case .keyEncrypted:
            warnings.append(
                "Cannot check whether the key in \(key) belongs to the certificate in \(chain): the key is encrypted.")
        case .unknownKind:
            warnings.append(
                "Cannot check whether source files \(chain) and \(key) belong together: unknown kind of key.")
        }
        if let uncommon = pair.uncommonKey {
            warnings.append(
                "The key of the certificate in \(chain) is \(uncommon.kind), which is rejected by"
                    + " \(uncommon.rejectedBy).")
        }
        if let validity = pair.validity {
            let (from, to) = (Timestamp(seconds: validity.notBefore), Timestamp(seconds: validity.notAfter))
            if now > to { warnings.append("The certificate in \(chain) expired at \(to.rfc3339).") }
            if now < from { warnings.append("The certificate in \(chain) is not valid before \(from.rfc3339).") }
        }
        return warnings
    }

    /// The source file of a data key, quoted for a message; the key if it has another source.
    private func source(of key: String) -> String {
        switch spec.mappings.first(where: { $0.to == key })?.source {
        case .file(let path)?, .derived(let path, _)?: shown(path.text)
        case .template?, .constant?, .generated?, nil: shown(key)
        }
    }
}

extension Refusal {
    fileprivate static func pair(_ message: String) -> Refusal { Refusal(.pairMismatch, message) }

    fileprivate static func pair(_ defect: PEMDefect, in file: String) -> Refusal {
        pair("Source file \(file) is not PEM that all servers can read (RFC 7468): \(defect).")
    }
}
