import COpenSSL

/// The result of checking a certificate chain and a private key, both in PEM: whether they belong together, and the
/// validity. It contains nothing of their content.
package struct CertificatePair: Sendable, Equatable {
    package let verdict: Verdict
    /// The validity of the first certificate, which a server presents; nil if no certificate is readable.
    package let validity: Validity?
    /// The kind of the first certificate's key, if some servers or clients reject it.
    package private(set) var uncommonKey: UncommonKey?
    /// The first violation of RFC 7468 in the chain. libcrypto's verdict is then unreliable.
    package private(set) var chainDefect: PEMDefect?
    package private(set) var keyDefect: PEMDefect?

    /// Numbers count the certificates of the chain, starting at 1.
    package enum Verdict: Sendable, Equatable {
        case fits
        /// No certificate of the chain matches the key.
        case mismatch
        /// A certificate matches the key, but it is not the first.
        case wrongOrder(number: Int)
        /// There is no PEM block with a certificate.
        case certificateMissing
        /// A block is damaged or truncated.
        case certificateUnreadable(number: Int)
        case keyMissing
        /// The block is damaged, or its private key does not belong to its public key.
        case keyUnreadable
        /// Unknown, because the key is encrypted.
        case keyEncrypted
        /// Unknown, because libcrypto does not support one of the kinds of key.
        case unknownKind
    }

    /// Checks a pair without asking for a passphrase. The chain is checked first: if a certificate is unusable, the key
    /// does not matter.
    ///
    /// - Parameters:
    ///   - chain: the leaf certificate, then those that lead to a root. Other blocks are skipped.
    ///   - key: RSA, EC, Ed25519 or Ed448, as PKCS#8, PKCS#1 or SEC1. The first private key is used.
    package init(chain: UnsafeRawBufferPointer, key: UnsafeRawBufferPointer) {
        defer { ERR_clear_error() }
        do throws(PrivateKey.Failure) {
            let key = try PrivateKey(firstIn: key)
            guard key.isConsistent else { throw .unreadable }
            var order = Order()
            let reading = Self.read(chain) { order.add($0.fits(key)) }
            self.init(verdict: reading.problem ?? order.verdict, first: reading.first)
        } catch {
            let reading = Self.read(chain) { _ in }
            self.init(verdict: reading.problem ?? Verdict(error), first: reading.first)
        }
        chainDefect = PEMText(chain).defect
        keyDefect = PEMText(key).defect
    }

    private init(verdict: Verdict, first: Certificate?) {
        self.verdict = verdict
        validity = first?.validity
        uncommonKey = first?.uncommonKey
    }

    /// Calls `body` with each certificate.
    private static func read(
        _ chain: UnsafeRawBufferPointer, _ body: (Certificate) -> Void
    ) -> (problem: Verdict?, first: Certificate?) {
        var reader = PEMReader(chain)
        var (count, first) = (0, Certificate?.none)
        while let block = reader.next() {
            guard Certificate.labels.contains(block.label) else { continue }
            count += 1
            guard let certificate = Certificate(block) else { return (.certificateUnreadable(number: count), first) }
            if count == 1 { first = certificate }
            body(certificate)
        }
        if reader.isBroken { return (.certificateUnreadable(number: count + 1), first) }
        return (count == 0 ? .certificateMissing : nil, first)
    }
}

/// Which certificates of a chain match the key, in their order.
private struct Order {
    private var fits: [Bool?] = []

    mutating func add(_ fit: Bool?) { fits.append(fit) }

    var verdict: CertificatePair.Verdict {
        if fits.first == true { return .fits }
        if let place = fits.firstIndex(of: true) { return .wrongOrder(number: place + 1) }
        return fits.first == .some(nil) ? .unknownKind : .mismatch
    }
}

extension CertificatePair.Verdict {
    fileprivate init(_ failure: PrivateKey.Failure) {
        self =
            switch failure {
            case .missing: .keyMissing
            case .unreadable: .keyUnreadable
            case .encrypted: .keyEncrypted
            case .unknownKind: .unknownKind
            }
    }
}
