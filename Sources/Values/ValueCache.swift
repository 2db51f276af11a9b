package import Certificates
package import Distribution
import Formats
package import Snapshots

/// What was read from the files of one snapshot, by digest: a file that feeds thousands of targets is decoded, parsed
/// and decrypted once.
///
/// It holds secret bytes, and so must not outlive its snapshot.
package struct ValueCache: Sendable {
    private struct Decoded: Hashable {
        let file: Digest
        let encoding: ByteEncoding
    }

    private struct Bundle: Hashable {
        let file: Digest
        let password: Digest?
    }

    private struct Part: Hashable {
        let bundle: Bundle
        let part: CertificateBundle.Part
    }

    private struct Members: Hashable {
        let file: Digest
        let format: DataSource.Format
        let pointer: JSONPointer?
    }

    private var decoded: [Decoded: Result<SecretValue, FormError>] = [:]
    private var documents: [Digest: Result<JSONDocument, FormError>] = [:]
    private var bundles: [Bundle: Result<CertificateBundle, CertificateBundle.Failure>] = [:]
    private var parts: [Part: Result<SecretValue, CertificateBundle.Failure>] = [:]
    private var members: [Members: Result<[Member], ValueFailure>] = [:]
    private var combined: [Digest: Bool] = [:]
    private var keyContents: [Digest: KeyContent?] = [:]
    private var folders: [SourceFolder: [(path: SourcePath, key: String)]] = [:]
    /// The approximate size of everything that is kept, in bytes, without the documents.
    private var size = 0
    /// The approximate size of the documents, in bytes.
    private var documentSize = 0
    /// The limit for `size`, in bytes. A mount's files are smaller in general. Needed because anyone who may write
    /// distributions can derive many values from one file.
    private static let mostBytes = 32 << 20

    package init() {}

    mutating func decode(_ file: SecretValue, _ encoding: ByteEncoding) throws(FormError) -> SecretValue {
        try kept(\.decoded, Decoded(file: file.digest, encoding: encoding), size: { $0.bytes.count }) {
            () throws(FormError) in
            SecretValue(try file.bytes.withUnsafeBytes { bytes throws(FormError) in try encoding.decode(bytes) })
        }
    }

    mutating func document(_ file: SecretValue) throws(FormError) -> JSONDocument {
        if let known = documents[file.digest] { return try known.get() }
        let result = Result { () throws(FormError) in
            try file.bytes.withUnsafeBytes { bytes throws(FormError) in try JSONDocument(bytes) }
        }
        // About what its places take: a hundred bytes for each value, which has two bytes or more.
        let size = file.bytes.count + min(file.bytes.count / 2, JSONDocument.mostValues) * 100
        if documentSize + size > Self.mostBytes { (documents, documentSize) = ([:], 0) }
        documentSize += size
        documents[file.digest] = result
        return try result.get()
    }

    /// Whether the file holds a private key together with certificates.
    mutating func isCombined(_ file: SecretValue) -> Bool {
        if let known = combined[file.digest] { return known }
        makeRoom(for: 64)
        let isCombined = file.bytes.withUnsafeBytes(CertificateBundle.isCombined)
        combined[file.digest] = isCombined
        return isCombined
    }

    /// The format of a private key in the file, or of a container that may hold one; nil if there is none.
    package mutating func keyContent(of file: SecretValue) -> KeyContent? {
        if let known = keyContents[file.digest] { return known }
        makeRoom(for: 64)
        let content = file.bytes.withUnsafeBytes { KeyContent(in: $0) }
        keyContents[file.digest] = content
        return content
    }

    /// Returns the same value, with the same bytes, each time.
    mutating func part(
        _ part: CertificateBundle.Part, of file: SecretValue, password: SecretValue?
    ) throws(CertificateBundle.Failure) -> SecretValue {
        let key = Bundle(file: file.digest, password: password?.digest)
        let bundle = try kept(\.bundles, key, size: { _ in file.bytes.count * 2 }) {
            () throws(CertificateBundle.Failure) in
            try CertificateBundle(file, password: password)
        }
        return try kept(\.parts, Part(bundle: key, part: part), size: { $0.bytes.count }) {
            () throws(CertificateBundle.Failure) in
            SecretValue(try bundle.part(part))
        }
    }

    typealias Member = (name: String, value: SecretValue)

    /// The members of a file.
    mutating func members(
        of file: SecretValue, _ format: DataSource.Format, at pointer: JSONPointer?
    ) throws(ValueFailure) -> [Member] {
        let key = Members(file: file.digest, format: format, pointer: pointer)
        if let known = members[key] { return try known.get() }
        // Parsing a document changes the cache too.
        let result = Result { () throws(ValueFailure) in try read(file, format, at: pointer) }
        let size = (try? result.get())?.reduce(0) { $0 + $1.name.utf8.count + $1.value.bytes.count + 128 } ?? 0
        makeRoom(for: 256 + size)
        members[key] = result
        return try result.get()
    }

    private mutating func read(
        _ file: SecretValue, _ format: DataSource.Format, at pointer: JSONPointer?
    ) throws(ValueFailure) -> [Member] {
        var found: [(key: String, value: SecretBytes)]?
        do throws(FormError) {
            switch format {
            case .json: found = try document(file).members(at: pointer ?? .root)
            case .dotenv:
                found = try file.bytes.withUnsafeBytes { bytes throws(FormError) in try Dotenv.parse(bytes) }
            case .properties:
                found = try file.bytes.withUnsafeBytes { bytes throws(FormError) in try PropertiesFile.parse(bytes) }
            }
        } catch {
            throw .form(error)
        }
        guard let found else { throw .missing(pointer ?? .root) }
        return found.map { ($0.key, SecretValue($0.value)) }
    }

    /// The files of a folder in the snapshot.
    mutating func files(of folder: SourceFolder, in snapshot: Snapshot) -> [(path: SourcePath, key: String)] {
        if let known = folders[folder] { return known }
        let files = folder.files(among: snapshot.readableFiles)
        makeRoom(for: 256 + files.reduce(0) { $0 + $1.path.text.utf8.count + $1.key.utf8.count + 64 })
        folders[folder] = files
        return files
    }

    /// All files that a spec reads, with those of its folders.
    package mutating func files(of spec: DistributionSpec, in snapshot: Snapshot) -> [SourcePath] {
        var files = spec.files
        for folder in spec.dataFrom.compactMap(\.folder) { files += self.files(of: folder, in: snapshot).map(\.path) }
        return files
    }

    // MARK: Memory

    /// Returns the known result of `body` for `key`, or computes and keeps it.
    private mutating func kept<Key: Hashable, Value, Failure: Error>(
        _ place: WritableKeyPath<ValueCache, [Key: Result<Value, Failure>]>, _ key: Key, size: (Value) -> Int,
        _ body: () throws(Failure) -> Value
    ) throws(Failure) -> Value {
        if let known = self[keyPath: place][key] { return try known.get() }
        let result = Result { () throws(Failure) in try body() }
        makeRoom(for: 256 + ((try? result.get()).map(size) ?? 0))
        self[keyPath: place][key] = result
        return try result.get()
    }

    private mutating func makeRoom(for bytes: Int) {
        if size + bytes > Self.mostBytes {
            let (documents, documentSize) = (documents, documentSize)
            self = ValueCache()
            (self.documents, self.documentSize) = (documents, documentSize)
        }
        size += bytes
    }
}

extension CertificateBundle {
    fileprivate init(_ file: SecretValue, password: SecretValue?) throws(Failure) {
        self = try file.bytes.withUnsafeBytes { bytes throws(Failure) in
            guard let password else { return try CertificateBundle(bytes, password: nil) }
            return try password.bytes.withUnsafeBytes { password throws(Failure) in
                try CertificateBundle(bytes, password: password)
            }
        }
    }
}
