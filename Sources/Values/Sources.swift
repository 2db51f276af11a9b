import Certificates
package import Distribution
import Formats
package import Snapshots

/// Derives values from the files of a snapshot.
struct Sources {
    let snapshot: Snapshot
    var cache: ValueCache
    /// The bytes of all values that were derived for this target, and those that filters have read.
    private var derived = 0
    private var filterInput = 0
    /// The limit for `derived`, in bytes. A value can be used many times from one large file, and all values of a template
    /// are made before its text is known to be too large.
    private static let mostDerived = 4 * SourceFile.maximumSize
    /// The limit for the name of a member, in bytes.
    private static let longestName = 4096

    init(snapshot: Snapshot, cache: ValueCache) {
        self.snapshot = snapshot
        self.cache = cache
    }

    /// A value that is neither a template nor generated.
    ///
    /// - Parameter key: the data key, if the type of the Secret splits files for it.
    mutating func value(of source: ValueSource, for key: String? = nil) throws(SourceFailure) -> SecretValue {
        switch source {
        case .constant(let text): return SecretValue(SecretBytes(text.text.utf8))
        case .file(let path): return try split(try file(path), at: path, for: key, password: nil)
        case .derived(let path, let derivation): return try derive(derivation, from: path, for: key)
        case .template(let template): return try render(template, for: key ?? "").value
        // Only its Secret has it.
        case .generated: return SecretValue(SecretBytes([]))
        }
    }

    private func file(_ path: SourcePath) throws(SourceFailure) -> SecretValue {
        switch snapshot.file(at: path) {
        case .content(let bytes, let digest)?: return SecretValue(bytes: bytes, digest: digest)
        case .failed(let error)?: throw .failed(path, error)
        case nil: throw .missingFile(path)
        }
    }

    private mutating func derive(
        _ derivation: Derivation, from path: SourcePath, for key: String?
    ) throws(SourceFailure) -> SecretValue {
        var value = try selected(derivation, from: path)
        var password: SecretValue?
        if let path = derivation.passwordFrom {
            do throws(SourceFailure) {
                password = try file(path)
            } catch {
                guard error.missingFile != nil else { throw error }
                throw .refused(
                    Refusal(.sourceNotFound, "The mount has no file \(shown(path.text)), which holds a password."))
            }
        }
        switch derivation.extract {
        case nil: value = try split(value, at: path, for: key, password: password)
        case .some(.none): break
        case .certificates: value = try part(.certificates, of: value, at: path, password)
        case .privateKey: value = try part(.privateKey, of: value, at: path, password)
        case .authorities: value = try part(.caCertificates, of: value, at: path, password)
        }
        derived += value.bytes.count
        guard derived <= Self.mostDerived else {
            throw .refused(
                Refusal(
                    .targetTooLarge,
                    "Its values take more than \(Self.mostDerived) bytes to derive; use smaller source files."))
        }
        guard derivation.trim != .none else { return value }
        return SecretValue(value.bytes.withUnsafeBytes(derivation.trim.trim))
    }

    /// The decoded file, or its value at the pointer.
    private mutating func selected(_ derivation: Derivation, from path: SourcePath) throws(SourceFailure) -> SecretValue
    {
        var value = try file(path)
        do throws(FormError) {
            if let encoding = derivation.decode { value = try cache.decode(value, encoding) }
            guard let pointer = derivation.pointer else { return value }
            if let found = try cache.document(value).value(at: pointer) { return SecretValue(found) }
        } catch {
            throw .unreadable(path, error)
        }
        throw .missingMember(path, derivation.pointer?.text ?? "")
    }

    /// The part of a file that belongs into a data key of a Secret of type `kubernetes.io/tls`, as the CSI driver's own
    /// sync does it. A file that holds no more than the key needs keeps its bytes: no private key for a certificate's
    /// key, and nothing else for the private key's.
    private mutating func split(
        _ value: SecretValue, at path: SourcePath, for key: String?, password: SecretValue?
    ) throws(SourceFailure) -> SecretValue {
        guard let key else { return value }
        let wanted: CertificateBundle.Part
        switch key {
        case SecretType.certificate: wanted = .certificates
        case SecretType.key: wanted = .privateKey
        case SecretType.authority: wanted = .caCertificates
        default: return value
        }
        if wanted == .privateKey {
            guard cache.isCombined(value) else { return value }
        } else {
            guard let content = cache.keyContent(of: value), !content.isJavaKeyStore else { return value }
        }
        do throws(CertificateBundle.Failure) {
            return try cache.part(wanted, of: value, password: password)
        } catch {
            throw .unreadable(path, "cannot be split for \(key): it \(error)")
        }
    }

    private mutating func part(
        _ part: CertificateBundle.Part, of value: SecretValue, at path: SourcePath, _ password: SecretValue?
    ) throws(SourceFailure) -> SecretValue {
        do throws(CertificateBundle.Failure) {
            return try cache.part(part, of: value, password: password)
        } catch {
            throw .unreadable(path, error)
        }
    }

    /// The text with the values of its variables, and the optional sources that are missing.
    mutating func render(
        _ template: Template, for key: String
    ) throws(SourceFailure) -> (value: SecretValue, missing: [SourcePath]) {
        var values: [String: SecretBytes] = [:]
        var missing: [SourcePath] = []
        let used = Set(template.text.names)
        for variable in template.variables where used.contains(variable.name) {
            do throws(SourceFailure) {
                let value = try value(of: variable.source)
                // A filter could hide a private key from the check of the whole value.
                if SecretType.publicKeys.contains(key), cache.keyContent(of: value) != nil {
                    throw .refused(
                        Refusal(
                            .sourceUnreadable,
                            "The template of \(key), which must not hold a private key, uses the variable"
                                + " \(shown(variable.name)), which holds one; set extract: Certificates for it."))
                }
                values[variable.name] = value.bytes
            } catch {
                guard variable.optional, let path = error.missingFile else { throw error }
                missing.append(path)
            }
        }
        let empty = SecretBytes([])
        do throws(FormError) {
            let text = try template.text.render(maximumSize: SourceFile.maximumSize, filterInput: &filterInput) {
                values[$0] ?? empty
            }
            return (SecretValue(text), missing)
        } catch {
            throw .refused(Refusal(.sourceUnreadable, "The template of \(key) \(error)."))
        }
    }

    /// The members of an entry of `spec.dataFrom`, by their names before they are renamed; sorted.
    mutating func members(of source: DataSource) throws(SourceFailure) -> [(name: String, value: SecretValue)] {
        var found: [(name: String, value: SecretValue)] = []
        switch source.content {
        case .file(let path, let format, let derivation):
            // The members of a JSON document are those at the pointer; another format is the text at the pointer.
            var selection = derivation
            if format == .json { selection.pointer = nil }
            let text = try selected(selection, from: path)
            do throws(ValueFailure) {
                found = try cache.members(of: text, format, at: format == .json ? derivation.pointer : nil)
            } catch {
                switch error {
                case .missing(let pointer): throw .missingMember(path, pointer.text)
                case .form(let problem): throw .unreadable(path, problem)
                }
            }
        case .folder(let folder):
            if let problem = problem(of: folder) ?? unreadablePart(of: folder) { throw problem }
            for (path, key) in cache.files(of: folder, in: snapshot) { found.append((key, try file(path))) }
        }
        guard !found.isEmpty else {
            throw .refused(
                Refusal(.sourceNotFound, "Source \(source.description) has nothing left, expected at least one value."))
        }
        // Comparing long names by Unicode takes time in the square of their length.
        guard found.allSatisfy({ $0.name.utf8.count <= Self.longestName }) else {
            throw .refused(
                Refusal(
                    .invalidSpec,
                    "Source \(source.description) has a name of more than \(Self.longestName) bytes, expected data keys."
                ))
        }
        return found.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }
}

extension Sources {
    /// Why the files of the folder cannot be listed; nil if they can.
    private func problem(of folder: SourceFolder) -> SourceFailure? {
        guard let path = try? SourcePath(folder.path) else { return nil }
        switch snapshot.file(at: path) {
        case .content?: return .unreadable(path, "is not a folder")
        case .failed(let error)?: return .failed(path, error)
        case nil: return nil
        }
    }
}

extension Sources {
    /// A file or a folder in the folder that cannot be read, so that it is not known which files there are.
    private func unreadablePart(of folder: SourceFolder) -> SourceFailure? {
        let failed = snapshot.files.filter { if case .failed = $0.value { true } else { false } }.keys
        guard let path = folder.uncertain(among: failed), case .failed(let error)? = snapshot.file(at: path) else {
            return nil
        }
        return .failed(path, error)
    }
}

extension SourceFailure {
    fileprivate static func failed(_ path: SourcePath, _ error: SourceError) -> SourceFailure {
        let reason: Reason = if case .tooLarge = error { .targetTooLarge } else { .sourceUnreadable }
        return .refused(Refusal(reason, "Source file \(shown(path.text)) \(error)."))
    }
}

extension Snapshot {
    /// The file at `path`; nil if there is none. If a folder above it could not be read, the file may exist, so the
    /// folder's error is returned.
    package func file(at path: SourcePath) -> SourceFile? {
        if let file = file(exactly: path.text) { return file }
        for folder in path.folders {
            if case .failed(let error)? = file(exactly: folder) { return .failed(error) }
        }
        return nil
    }
}

extension Snapshot {
    /// The paths of the files that could be read.
    var readableFiles: some Sequence<String> {
        files.lazy.filter { if case .content = $0.value { true } else { false } }.map(\.key)
    }
}
