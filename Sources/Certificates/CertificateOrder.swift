import Snapshots

/// The order of a file's certificates, and the one that belongs to its private key.
struct CertificateOrder {
    private enum Leaf {
        /// There is no key, or it cannot be compared.
        case unknown
        case index(Int)
        /// The key belongs to no certificate.
        case foreign
    }

    private var certificates: [Certificate] = []
    private var leaf = Leaf.unknown

    /// - Parameters:
    ///   - blocks: a PEM block for each certificate.
    ///   - key: the PEM block of the private key.
    /// - Throws: `certificateDamaged` or `keyDamaged`.
    init(_ blocks: [SecretBytes], key: SecretBytes?) throws(CertificateBundle.Failure) {
        for block in blocks {
            guard let certificate = block.withUnsafeBytes({ Certificate(firstIn: $0) }) else {
                throw .certificateDamaged(number: certificates.count + 1)
            }
            certificates.append(certificate)
        }
        guard let key else { return }
        do throws(PrivateKey.Failure) {
            leaf = try key.withUnsafeBytes { key throws(PrivateKey.Failure) in
                let key = try PrivateKey(firstIn: key)
                let fits = certificates.map { $0.fits(key) }
                if let index = fits.firstIndex(of: true) { return .index(index) }
                return fits.contains(nil) ? .unknown : .foreign
            }
        } catch {
            // If the key is encrypted or of an unknown kind, the leaf certificate is unknown.
            guard error == .encrypted || error == .unknownKind else { throw .keyDamaged }
        }
    }

    /// The indices of the certificates in the order in which a server sends them; nil if the key belongs to none of them.
    var sorted: [Int]? {
        switch leaf {
        case .unknown: return Array(certificates.indices)
        case .foreign: return nil
        case .index(let leaf):
            var (chain, rest) = ([leaf], certificates.indices.filter { $0 != leaf })
            while let last = chain.last, !certificates[last].isIssued(by: certificates[last]),
                let next = rest.firstIndex(where: { certificates[last].isIssued(by: certificates[$0]) })
            {
                chain.append(rest.remove(at: next))
            }
            return chain + rest
        }
    }

    /// The indices of the certificates of CAs.
    var authorities: [Int] { certificates.indices.filter { certificates[$0].isAuthority } }
}
