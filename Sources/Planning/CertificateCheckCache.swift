package import Certificates
import Snapshots

/// Caches the results of parsing the files of one snapshot, by digest, so that a file that thousands of targets use is
/// parsed once.
///
/// It contains the parts of split files, and so must not outlive its snapshot.
package struct CertificateCheckCache: Sendable {
    private struct Pair: Hashable {
        let chain: Digest
        let key: Digest
    }

    private struct Part: Hashable {
        let file: Digest
        let part: CertificateBundle.Part
    }

    private var pairs: [Pair: CertificatePair] = [:]
    private var defects: [Digest: PEMDefect?] = [:]
    private var keyContents: [Digest: KeyContent?] = [:]
    private var combined: [Digest: Bool] = [:]
    private var bundles: [Digest: Result<CertificateBundle, CertificateBundle.Failure>] = [:]
    private var parts: [Part: Result<DesiredTarget.Value, CertificateBundle.Failure>] = [:]
    /// The maximum number of entries of each kind; a mount has fewer files.
    private static let limit = 20_000

    package init() {}

    /// The number of cached pairs.
    package var count: Int { pairs.count }

    package mutating func pair(chain: DesiredTarget.Value, key: DesiredTarget.Value) -> CertificatePair {
        Self.cached(in: &pairs, Pair(chain: chain.digest, key: key.digest)) {
            chain.bytes.withUnsafeBytes { chain in
                key.bytes.withUnsafeBytes { CertificatePair(chain: chain, key: $0) }
            }
        }
    }

    /// The first place where the file departs from RFC 7468; nil if there is none.
    mutating func defect(of file: DesiredTarget.Value) -> PEMDefect? {
        Self.cached(in: &defects, file.digest) { file.bytes.withUnsafeBytes { PEMDefect.first(in: $0) } }
    }

    /// The format of a private key in the file, or of a container that may hold one; nil if there is none.
    mutating func keyContent(of file: DesiredTarget.Value) -> KeyContent? {
        Self.cached(in: &keyContents, file.digest) { file.bytes.withUnsafeBytes { KeyContent(in: $0) } }
    }

    /// Whether the file holds a private key and certificates, or is PKCS#12.
    mutating func isCombined(_ file: DesiredTarget.Value) -> Bool {
        Self.cached(in: &combined, file.digest) { file.bytes.withUnsafeBytes(CertificateBundle.isCombined) }
    }

    /// The certificates or the key of the file as PEM. Returns the same value, with the same bytes, each time.
    mutating func part(
        _ part: CertificateBundle.Part, of file: DesiredTarget.Value
    ) throws(CertificateBundle.Failure) -> DesiredTarget.Value {
        let bundle = try Self.cached(in: &bundles, file.digest) {
            Result { () throws(CertificateBundle.Failure) in
                try file.bytes.withUnsafeBytes { bytes throws(CertificateBundle.Failure) in
                    try CertificateBundle(bytes, password: nil)
                }
            }
        }.get()
        return try Self.cached(in: &parts, Part(file: file.digest, part: part)) {
            Result { () throws(CertificateBundle.Failure) in try DesiredTarget.Value(part, of: bundle) }
        }.get()
    }

    private static func cached<Key, Value>(
        in known: inout [Key: Value], _ key: Key, _ value: () -> Value
    ) -> Value {
        if let found = known[key] { return found }
        if known.count >= limit { known = [:] }
        let value = value()
        known[key] = value
        return value
    }
}

extension DesiredTarget.Value {
    fileprivate init(
        _ part: CertificateBundle.Part, of bundle: CertificateBundle
    ) throws(CertificateBundle.Failure) {
        bytes = try bundle.part(part)
        digest = Digest(of: bytes)
    }
}
