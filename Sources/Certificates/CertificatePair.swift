import COpenSSL

/// What is found out about a chain of certificates and a private key, both PEM: whether they belong together, and until
/// when. Of their content nothing is kept.
package struct CertificatePair: Sendable, Equatable {
    package let verdict: Verdict
    /// Of the first certificate, the one that a server shows; nil if there is none that can be read.
    package let validity: Validity?
    /// Of the same; nil for a kind that all servers take.
    package private(set) var uncommonKey: UncommonKey?
    /// The first place where the chain is not strictly RFC 7468. What libcrypto makes of it says little then.
    package private(set) var chainDefect: PEMDefect?
    package private(set) var keyDefect: PEMDefect?

    /// Numbers count the certificates of the chain from 1.
    package enum Verdict: Sendable, Equatable {
        case fits
        /// No certificate of the chain is for this key.
        case mismatch
        /// The certificate for this key is there, but not first.
        case wrongOrder(number: Int)
        /// No block of PEM with a certificate.
        case certificateMissing
        /// A block that is damaged, or is cut off.
        case certificateUnreadable(number: Int)
        case keyMissing
        /// A block that is damaged, or whose private half does not belong to its public half.
        case keyUnreadable
        /// It cannot be known: the key is encrypted.
        case keyEncrypted
        /// It cannot be known: libcrypto does not know the kind of one of the keys.
        case unknownKind
    }

    /// Judges without asking anybody for a passphrase. The chain is judged first: with a certificate that cannot be
    /// used it does not matter what the key is.
    ///
    /// - Parameters:
    ///   - chain: the leaf, then those that lead from it to a root; other blocks are skipped.
    ///   - key: RSA, EC, Ed25519 or Ed448, as PKCS#8, PKCS#1 or SEC1; the first private key counts.
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

    /// Shows `body` each certificate in turn.
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

/// How the certificates of a chain fit the key, in their order.
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
