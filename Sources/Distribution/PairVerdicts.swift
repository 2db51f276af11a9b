package import Certificates
import Snapshots

/// What was found out about certificates and keys, by their digests: one pair that feeds thousands of targets is judged
/// once.
package struct PairVerdicts: Sendable {
    private struct Pair: Hashable {
        let chain: Digest
        let key: Digest
    }

    private var known: [Pair: CertificatePair] = [:]
    /// More than a mount has pairs.
    private static let limit = 20_000

    package init() {}

    /// How many are known.
    package var count: Int { known.count }

    package mutating func pair(chain: DesiredTarget.Value, key: DesiredTarget.Value) -> CertificatePair {
        let pair = Pair(chain: chain.digest, key: key.digest)
        if let verdict = known[pair] { return verdict }
        if known.count >= Self.limit { known = [:] }
        let verdict = chain.bytes.withUnsafeBytes { chain in
            key.bytes.withUnsafeBytes { CertificatePair(chain: chain, key: $0) }
        }
        known[pair] = verdict
        return verdict
    }
}
