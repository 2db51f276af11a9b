import COpenSSL

/// Splits a PEM file that contains certificates and a private key. Blocks are returned unchanged.
package enum PEMSplit {
    package enum Part: Sendable, Hashable {
        /// The certificate for the private key, then its issuers in order, then the others in file order.
        case certificates
        case privateKey
        /// The CA certificates, in file order.
        case caCertificates
    }

    /// The reason why a file cannot be split.
    package enum Failure: Error, Sendable, Hashable {
        case malformed(PEMDefect)
        case keyMissing
        case severalKeys(Int)
        case keyUnreadable
        case certificateMissing
        /// Counted from 1.
        case certificateUnreadable(number: Int)
        case authorityMissing
    }

    /// Whether the file contains a private key and certificates. For invalid PEM, only the text before the defect
    /// counts.
    package static func isCombined(_ text: UnsafeRawBufferPointer) -> Bool {
        let blocks = PEMText(text).blocks
        return blocks.contains(where: \.isPrivateKey) && blocks.contains(where: \.isCertificate)
    }

    /// The ranges of the blocks of `part`, each with its final line break if it has one.
    package static func blocks(
        of part: Part, in text: UnsafeRawBufferPointer
    ) throws(Failure) -> [Range<Int>] {
        defer { ERR_clear_error() }
        let pem = PEMText(text)
        if let defect = pem.defect { throw .malformed(defect) }
        let keys = pem.blocks.filter(\.isPrivateKey)
        guard let block = keys.first else { throw .keyMissing }
        guard keys.count == 1 else { throw .severalKeys(keys.count) }
        let order = try Order(pem.blocks.filter(\.isCertificate).map(\.range), in: text, keyAt: block.range)
        switch part {
        case .privateKey: return [block.range]
        case .certificates:
            guard !order.certificates.isEmpty else { throw .certificateMissing }
            return order.sorted.map { order.ranges[$0] }
        case .caCertificates:
            let authorities = order.ranges.indices.filter { order.certificates[$0].isAuthority }
            guard !authorities.isEmpty else { throw .authorityMissing }
            return authorities.map { order.ranges[$0] }
        }
    }
}

/// The certificates of a file, and the one that matches its key.
private struct Order {
    let ranges: [Range<Int>]
    private(set) var certificates: [Certificate] = []
    private var leaf: Int?

    init(
        _ ranges: [Range<Int>], in text: UnsafeRawBufferPointer, keyAt place: Range<Int>
    ) throws(PEMSplit.Failure) {
        self.ranges = ranges
        for range in ranges {
            guard let certificate = Certificate(firstIn: UnsafeRawBufferPointer(rebasing: text[range])) else {
                throw .certificateUnreadable(number: certificates.count + 1)
            }
            certificates.append(certificate)
        }
        do throws(PrivateKey.Failure) {
            let key = try PrivateKey(firstIn: UnsafeRawBufferPointer(rebasing: text[place]))
            leaf = certificates.firstIndex { $0.fits(key) == true }
        } catch {
            // If the key is encrypted or of an unknown kind, the leaf certificate is unknown.
            if error == .unreadable { throw .keyUnreadable }
        }
    }

    var sorted: [Int] {
        guard let leaf else { return Array(ranges.indices) }
        var (chain, rest) = ([leaf], ranges.indices.filter { $0 != leaf })
        while let last = chain.last, !certificates[last].isIssued(by: certificates[last]),
            let next = rest.firstIndex(where: { certificates[last].isIssued(by: certificates[$0]) })
        {
            chain.append(rest.remove(at: next))
        }
        return chain + rest
    }
}
