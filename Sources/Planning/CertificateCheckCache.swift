package import Certificates
package import Distribution
package import Snapshots
package import Values

/// Caches the results of parsing the files of one snapshot, by digest, so that a file that thousands of targets use is
/// parsed once.
///
/// It contains derived values, and so must not outlive its snapshot.
package struct CertificateCheckCache: Sendable {
    private struct Pair: Hashable {
        let chain: Digest
        let key: Digest
    }

    private var pairs: [Pair: CertificatePair] = [:]
    private var defects: [Digest: PEMDefect?] = [:]
    var values = ValueCache()
    /// The maximum number of entries of each kind; a mount has fewer files.
    private static let limit = 20_000

    package init() {}

    /// The number of cached pairs.
    package var count: Int { pairs.count }

    package mutating func pair(chain: SecretValue, key: SecretValue) -> CertificatePair {
        Self.cached(in: &pairs, Pair(chain: chain.digest, key: key.digest)) {
            chain.bytes.withUnsafeBytes { chain in
                key.bytes.withUnsafeBytes { CertificatePair(chain: chain, key: $0) }
            }
        }
    }

    /// The first place where the file departs from RFC 7468; nil if there is none.
    mutating func defect(of file: SecretValue) -> PEMDefect? {
        Self.cached(in: &defects, file.digest) { file.bytes.withUnsafeBytes { PEMDefect.first(in: $0) } }
    }

    /// All files that a spec reads, with those of its folders.
    package mutating func files(of spec: DistributionSpec, in snapshot: Snapshot) -> [SourcePath] {
        values.files(of: spec, in: snapshot)
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
