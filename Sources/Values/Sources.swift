import Certificates
package import Distribution
import Formats
package import Snapshots

/// Derives values from the files of a snapshot.
struct Sources {
    let snapshot: Snapshot
    var cache: ValueCache

    /// A value that is not a template.
    ///
    /// - Parameter key: the data key, if the type of the Secret splits files for it.
    mutating func value(of source: ValueSource, for key: String? = nil) throws(SourceFailure) -> SecretValue {
        switch source {
        case .constant(let text): return SecretValue(SecretBytes(text.text.utf8))
        case .file(let path): return try split(try file(path), at: path, for: key, password: nil)
        case .derived(let path, let derivation): return try derive(derivation, from: path, for: key)
        case .template(let template): return try render(template).value
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
        let parts: [String: CertificateBundle.Part] = [
            SecretType.certificate: .certificates, SecretType.key: .privateKey, SecretType.authority: .caCertificates,
        ]
        guard let key, let wanted = parts[key] else { return value }
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

    /// The text with the values of its variables, and the first optional source that is missing.
    mutating func render(
        _ template: Template
    ) throws(SourceFailure) -> (value: SecretValue, missing: SourcePath?) {
        var values: [String: SecretBytes] = [:]
        var missing: SourcePath?
        let used = Set(template.text.names)
        for variable in template.variables where used.contains(variable.name) {
            do throws(SourceFailure) {
                values[variable.name] = try value(of: variable.source).bytes
            } catch {
                guard variable.optional, let path = error.missingFile else { throw error }
                missing = missing ?? path
            }
        }
        let empty = SecretBytes([])
        do throws(FormError) {
            let text = try template.text.render(maximumSize: SourceFile.maximumSize) { values[$0] ?? empty }
            return (SecretValue(text), missing)
        } catch {
            throw .refused(Refusal(.sourceUnreadable, "The template \(error)."))
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
            if let problem = problem(of: folder) { throw problem }
            for (path, key) in cache.files(of: folder, in: snapshot) { found.append((key, try file(path))) }
        }
        guard !found.isEmpty else {
            throw .refused(
                Refusal(.sourceNotFound, "Source \(source.description) has nothing left, expected at least one value."))
        }
        return found.sorted { $0.name < $1.name }
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
