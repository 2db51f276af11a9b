import COpenSSL
import TestSupport
import TestTraits
import Testing

@testable import Certificates

@Suite("A kind of key that common servers or clients reject", .tags(.unsafeMemory)) struct UncommonKeyTests {
    @Test(
        "is reported, with the software that rejects it",
        arguments: [
            (Maker.rsa(bits: 512), "RSA of 512 bits", "Go, Java and OpenSSL"),
            (.rsa(bits: 1024), "RSA of 1024 bits", "OpenSSL at its default security level on current systems"),
            (.curve("secp224r1"), "EC on curve P-224", "TLS 1.3 and Java 16"),
            (.curve("secp256k1"), "EC on curve secp256k1", "Go and Java 16"),
            (.curve("brainpoolP256r1"), "EC on curve brainpoolP256r1", "Go and Java 16"),
            (.explicit, "EC with explicit parameters", "Go and Java"), (.kind(EVP_PKEY_ED448), "ED448", "Go"),
            (.kind(EVP_PKEY_RSA_PSS), "RSA-PSS", "Go"),
        ])
    func uncommon(maker: Maker, kind: String, rejectedBy: String) throws {
        let found = try maker.withKey { UncommonKey($0) }
        #expect(found?.kind == kind)
        #expect(found?.rejectedBy == rejectedBy)
    }

    @Test(
        "does not include kinds that all accept",
        arguments: [
            Maker.rsa(bits: 2048), .rsa(bits: 3072), .curve("prime256v1"), .curve("secp384r1"), .curve("secp521r1"),
            .kind(EVP_PKEY_ED25519),
        ])
    func common(maker: Maker) throws {
        #expect(try maker.withKey { UncommonKey($0) } == nil)
    }

    @Test("is checked for the first certificate, and does not reject it")
    func first() throws {
        let (uncommon, common) = (try TLSPair.make("a", kind: .ed448), try TLSPair.make("b"))
        let judge = { (chain: String, key: String) in
            Array(chain.utf8).withUnsafeBytes { chain in
                Array(key.utf8).withUnsafeBytes { CertificatePair(chain: chain, key: $0) }
            }
        }
        let found = judge(uncommon.chain(common), uncommon.key)
        #expect(found.verdict == .fits && found.uncommonKey?.kind == "ED448")
        #expect(judge(common.chain(uncommon), common.key).uncommonKey == nil)
    }
}

/// Creates keys.
enum Maker: Sendable {
    case rsa(bits: Int32)
    case curve(String)
    case explicit
    case kind(Int32)

    struct Failure: Error {}

    func withKey<Result>(_ body: (OpaquePointer) -> Result) throws -> Result {
        let identifier =
            switch self {
            case .rsa: EVP_PKEY_RSA
            case .curve, .explicit: EVP_PKEY_EC
            case .kind(let identifier): identifier
            }
        let context = EVP_PKEY_CTX_new_id(identifier, nil)
        defer { EVP_PKEY_CTX_free(context) }
        EVP_PKEY_keygen_init(context)
        switch self {
        case .rsa(let bits): EVP_PKEY_CTX_set_rsa_keygen_bits(context, bits)
        case .curve(let name): EVP_PKEY_CTX_set_group_name(context, name)
        case .explicit:
            EVP_PKEY_CTX_set_group_name(context, "prime256v1")
            EVP_PKEY_CTX_set_ec_param_enc(context, OPENSSL_EC_EXPLICIT_CURVE)
        case .kind: break
        }
        var key: OpaquePointer?
        guard EVP_PKEY_keygen(context, &key) == 1, let key else { throw Failure() }
        defer { EVP_PKEY_free(key) }
        return body(key)
    }
}
