import TestSupport
import TestTraits
import Testing

@testable import Certificates

@Suite("An encrypted private key", .tags(.unsafeMemory)) struct EncryptedKeyTests {
    private static let forms = [TLSPair.KeyForm.pkcs8Encrypted, .traditionalEncrypted]

    @Test("is decrypted with its password, and otherwise kept", arguments: forms, TLSPair.Kind.allCases)
    func pem(form: TLSPair.KeyForm, kind: TLSPair.Kind) throws {
        guard let root = try? TLSPair.make("root", isAuthority: true), let pair = try? TLSPair.make("a", kind: kind),
            let key = try? pair.key(as: form)
        else {
            // EdDSA has no traditional form.
            #expect(form == .traditionalEncrypted)
            return
        }
        let file = Array((root.certificate + key + pair.certificate).utf8)
        let plain = form == .pkcs8Encrypted ? pair.key : try pair.key(as: .traditional)
        let decrypted = try CertificateBundle(file, password: "passphrase")
        #expect(decrypted.results() == [pair.chain(root), plain, root.certificate])
        let kept = try CertificateBundle(file)
        #expect(kept.results() == [root.chain(pair), key, root.certificate])
        for (password, hint) in [("", CertificateBundle.PasswordHint.none), ("passphrase\n", .endsInLineBreak)] {
            #expect(throws: CertificateBundle.Failure.wrongPassword(.privateKey, hint)) {
                try CertificateBundle(file, password: password)
            }
        }
        // A password for a key without encryption is ignored.
        let open = Array((plain + pair.certificate).utf8)
        #expect(try CertificateBundle(open, password: "x").text(.privateKey) == plain)
    }

    @Test("in DER is decrypted with its password, and otherwise becomes PEM")
    func der() throws {
        let pair = try TLSPair.make("a")
        let key = try pair.key(as: .pkcs8Encrypted)
        let file = Blocks.der(pair.certificate) + Blocks.der(key)
        #expect(try CertificateBundle(file).text(.privateKey) == key)
        #expect(try CertificateBundle(file, password: "passphrase").text(.privateKey) == pair.key)
        #expect(throws: CertificateBundle.Failure.wrongPassword(.privateKey, .none)) {
            try CertificateBundle(file, password: "x")
        }
        #expect(file.withUnsafeBytes(CertificateBundle.isCombined))
    }

    @Test("with an old cipher or with scrypt is decrypted", arguments: SmallKey.encrypted)
    func ciphers(key: String) throws {
        let plain = key.contains("Proc-Type") ? SmallKey.traditional : SmallKey.pkcs8
        #expect(try CertificateBundle(Array(key.utf8), password: "x").text(.privateKey) == plain)
        #expect(throws: CertificateBundle.Failure.wrongPassword(.privateKey, .endsInLineBreak)) {
            try CertificateBundle(Array(key.utf8), password: "x\n")
        }
        #expect(try CertificateBundle(Array(key.utf8)).text(.privateKey) == key)
    }

    @Test("with an unknown cipher is refused")
    func unknownCipher() {
        let key = SmallKey.encrypted[0].replacing("DES-CBC", with: "ROT-13")
        #expect(throws: CertificateBundle.Failure.unsupportedEncryption) {
            try CertificateBundle(Array(key.utf8), password: "x")
        }
    }

    @Test("with many iterations or much memory is refused")
    func expensive() {
        // An EncryptedPrivateKeyInfo with PBES2 and AES-256: PBKDF2 with 1,000,000 iterations, and scrypt.
        let cipher: [UInt8] =
            [
                0x30, 0x1d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x2a, 0x04, 0x10,
            ] + [UInt8](repeating: 7, count: 16)
        let pbkdf2 = sequence(
            [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0c]
                + sequence([0x04, 0x01, 0x61, 0x02, 0x03, 0x0f, 0x42, 0x40]))
        let scrypt = { (numbers: [UInt8]) in
            sequence(
                [0x06, 0x09, 0x2b, 0x06, 0x01, 0x04, 0x01, 0xda, 0x47, 0x04, 0x0b]
                    + sequence([0x04, 0x01, 0x61] + numbers))
        }
        let cases: [([UInt8], CertificateBundle.Failure)] = [
            (pbkdf2, .tooManyIterations(1_000_000)),
            // N = 2^14, r = 8, p = 64; N = 2^20, r = 8, p = 1.
            (scrypt([2, 2, 0x40, 0, 2, 1, 8, 2, 1, 0x40]), .tooManyIterations(1 << 23)),
            (scrypt([2, 3, 0x10, 0, 0, 2, 1, 8, 2, 1, 1]), .tooMuchMemory(1 << 30)),
            (scrypt([2, 8, 0x7f, 0, 0, 0, 0, 0, 0, 0, 2, 1, 8, 2, 1, 1]), .tooMuchMemory(.max)),
        ]
        for (derivation, failure) in cases {
            let scheme = sequence(
                [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0d] + sequence(derivation + cipher))
            let file = sequence(scheme + [0x04, 0x10] + [UInt8](repeating: 9, count: 16))
            #expect(throws: failure) { try CertificateBundle(file, password: "x") }
        }
    }

    private func sequence(_ content: [UInt8]) -> [UInt8] { [0x30, 0x81, UInt8(content.count)] + content }
}

/// A key made for the tests, also encrypted with the password `x` and few iterations by `openssl ec` and `openssl pkcs8`.
private enum SmallKey {
    static let traditional = """
        -----BEGIN EC PRIVATE KEY-----
        MHcCAQEEIENdNPx/kynDtyvm959SMCluGOiZsJbX/aiXKn9o9TVQoAoGCCqGSM49
        AwEHoUQDQgAE9/FogPuIB8A491Afq29LecTA1JWXhzpT6LbrnJSZsf2wwbG6kiaw
        3KmBEJD6gDvvUKOGGZDDZqs2dRxnFl5IoA==
        -----END EC PRIVATE KEY-----

        """
    static let pkcs8 = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgQ100/H+TKcO3K+b3
        n1IwKW4Y6Jmwltf9qJcqf2j1NVChRANCAAT38WiA+4gHwDj3UB+rb0t5xMDUlZeH
        OlPotuuclJmx/bDBsbqSJrDcqYEQkPqAO+9Qo4YZkMNmqzZ1HGcWXkig
        -----END PRIVATE KEY-----

        """
    /// DES, DES with MD5 (PBES1), RC2 (PBES2), and AES with scrypt.
    static let encrypted = [
        """
        -----BEGIN EC PRIVATE KEY-----
        Proc-Type: 4,ENCRYPTED
        DEK-Info: DES-CBC,CB37E69487742AB6

        7gS5w7ZghfyWZmuwehnE89kftJGPzIgUFHUNDfi+opiacf1w9zc/911FqL99WPWt
        X1wb3gXmFb3BwmlG3dbPp6Lxb507PYPIaJn+3d/HB96aBkORMdbR/a+lhr09fWLA
        SaaYlwKttbYFzFWsquVTtzn0tyfBVz6D5GLngjLI364=
        -----END EC PRIVATE KEY-----

        """,
        """
        -----BEGIN ENCRYPTED PRIVATE KEY-----
        MIGvMBoGCSqGSIb3DQEFAzANBAj7vKmY+L9pkQIBAQSBkHux/R+LaPwBRE5eqUeW
        XchqawTiHptm9ErP9iMFV8rumMIY7cyUKnnFjgvH0yWtA3JCHtonj4aaEZigeqxw
        1FY+dwOi3cLWKH6D0/5J89P5xM6KjJKRBK9qCooyLEEybTaQZQyRGPtJhVnue95N
        evc4+zYR9FIqohAvgNALf/um5yeKwcjgQvgKOovo5gaaEA==
        -----END ENCRYPTED PRIVATE KEY-----

        """,
        """
        -----BEGIN ENCRYPTED PRIVATE KEY-----
        MIHqMFUGCSqGSIb3DQEFDTBIMCsGCSqGSIb3DQEFDDAeBAi0Ir+TZ7D+ZAIBAQIB
        EDAMBggqhkiG9w0CCQUAMBkGCCqGSIb3DQMCMA0CAToECNLSIun5sJj9BIGQBU1Q
        zcEo++IGrnrhdQNvj2RdAm/HWoNI5C0uZmbah1JZ/mQdY8ROJcrUrIzqUumLwtx2
        7Cqnf63JrtBve0cCoPc2PTeoZTBvKMPjsFb1xr3pOjgAmyBD8XN9MYqgNDIvuFMB
        mwsyZUfy4M6B2dPtiJ6mje4dxfsiU1+Ln7qzKPcnMICRiJUjgy2U48JNQgKV
        -----END ENCRYPTED PRIVATE KEY-----

        """,
        """
        -----BEGIN ENCRYPTED PRIVATE KEY-----
        MIHjME4GCSqGSIb3DQEFDTBBMCAGCSsGAQQB2kcECzATBAiUZvflPFHaCAIBAgIB
        AQIBATAdBglghkgBZQMEASoEEP0BC5Wo8Nxl1oobAW2AIsUEgZAQUrWy83enV63F
        BFVXIWbU4Rnd4d1jORgORPntIiX1DT7q+CLjmJgKmWt0SSLYh+m9mf+dn265SFaa
        L+xumOGt2U/NMmsi1NuMtlrrFbTgH5x8lJO1Mc6Ue5xQqBwRCl2SDp0jMPBEwjEw
        VwI/aDEzrz5dmWMWRoaCemrUQ9nIoCl5/07rfC25Pb4lTAAmrww=
        -----END ENCRYPTED PRIVATE KEY-----

        """,
    ]
}
