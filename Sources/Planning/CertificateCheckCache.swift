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
        let part: PEMSplit.Part
    }

    private var pairs: [Pair: CertificatePair] = [:]
    private var defects: [Digest: PEMDefect?] = [:]
    private var keyContents: [Digest: KeyContent?] = [:]
    private var combined: [Digest: Bool] = [:]
    private var parts: [Part: Result<DesiredTarget.Value, PEMSplit.Failure>] = [:]
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

    /// Whether the file is PEM with a private key and certificates.
    mutating func isCombined(_ file: DesiredTarget.Value) -> Bool {
        Self.cached(in: &combined, file.digest) { file.bytes.withUnsafeBytes(PEMSplit.isCombined) }
    }

    /// The blocks of one kind in the file. Returns the same value, with the same bytes, each time.
    mutating func part(
        _ part: PEMSplit.Part, of file: DesiredTarget.Value
    ) throws(PEMSplit.Failure) -> DesiredTarget.Value {
        try Self.cached(in: &parts, Part(file: file.digest, part: part)) {
            Result { () throws(PEMSplit.Failure) in try DesiredTarget.Value(part, of: file) }
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
    fileprivate init(_ part: PEMSplit.Part, of file: Self) throws(PEMSplit.Failure) {
        bytes = try file.bytes.withUnsafeBytes { source throws(PEMSplit.Failure) in
            let blocks = try PEMSplit.blocks(of: part, in: source)
            // The last line of the file may lack its line break.
            return SecretBytes(capacity: blocks.reduce(0) { $0 + $1.count + 1 }) { output in
                var count = 0
                for block in blocks {
                    for byte in source[block] {
                        output[count] = byte
                        count += 1
                    }
                    guard source[block].last != UInt8(ascii: "\n") else { continue }
                    output[count] = UInt8(ascii: "\n")
                    count += 1
                }
                return count
            }
        }
        digest = Digest(of: bytes)
    }
}
