import COpenSSL

extension PrivateKey {
    /// Whether the private key belongs to the public key in the same file. libcrypto does not check this when it reads a
    /// key, and EVP_PKEY_eq(3) compares only public keys.
    var isConsistent: Bool { Self.isConsistent(pointer) }

    static func isConsistent(_ key: OpaquePointer) -> Bool {
        if EVP_PKEY_is_a(key, "EC") == 1 {
            let context = EVP_PKEY_CTX_new(key, nil)
            defer { EVP_PKEY_CTX_free(context) }
            return EVP_PKEY_pairwise_check(context) == 1
        }
        if EVP_PKEY_is_a(key, "RSA") == 1 || EVP_PKEY_is_a(key, "RSA-PSS") == 1 {
            return RSANumbers(key)?.areConsistent ?? false
        }
        // libcrypto computes the public key of Ed25519 and Ed448 from the private key.
        return true
    }
}

/// The numbers of a private RSA key (RFC 8017, A.1.2). EVP_PKEY_pairwise_check(3) also tests whether the factors are prime,
/// which takes seconds for a large key. These checks are those of Go's `rsa.PrivateKey.Validate` and of its parser.
private struct RSANumbers {
    private let modulus: BigNumber
    private let publicExponent: BigNumber
    private let privateExponent: BigNumber
    /// Two, or more in a multi-prime key.
    private let factors: [BigNumber]
    /// One for each factor.
    private let exponents: [BigNumber]
    private let coefficient: BigNumber

    init?(_ key: OpaquePointer) {
        guard let modulus = BigNumber("n", of: key), let publicExponent = BigNumber("e", of: key),
            let privateExponent = BigNumber("d", of: key), let coefficient = BigNumber("rsa-coefficient1", of: key)
        else { return nil }
        let factors = Array(BigNumber.numbered("rsa-factor", of: key))
        let exponents = Array(BigNumber.numbered("rsa-exponent", of: key))
        guard factors.count >= 2, exponents.count == factors.count else { return nil }
        self.modulus = modulus
        self.publicExponent = publicExponent
        self.privateExponent = privateExponent
        self.factors = factors
        self.exponents = exponents
        self.coefficient = coefficient
    }

    var areConsistent: Bool {
        guard let context = BN_CTX_new() else { return false }
        defer { BN_CTX_free(context) }
        let result = BigNumber()
        // The product of the factors must be the modulus.
        guard BN_set_word(result.pointer, 1) == 1 else { return false }
        for factor in factors {
            guard BN_mul(result.pointer, result.pointer, factor.pointer, context) == 1 else { return false }
        }
        guard BN_cmp(result.pointer, modulus.pointer) == 0 else { return false }
        for (factor, exponent) in zip(factors, exponents) {
            let less = BigNumber()
            guard BN_copy(less.pointer, factor.pointer) != nil, BN_sub_word(less.pointer, 1) == 1,
                // The exponents must be inverse to each other modulo each factor minus one.
                BN_mod_mul(result.pointer, publicExponent.pointer, privateExponent.pointer, less.pointer, context) == 1,
                BN_is_one(result.pointer) == 1,
                // The exponent of the factor must be the private exponent, reduced.
                BN_nnmod(result.pointer, privateExponent.pointer, less.pointer, context) == 1,
                BN_cmp(result.pointer, exponent.pointer) == 0
            else { return false }
        }
        // The coefficient must be the inverse of the second factor modulo the first.
        return BN_mod_mul(result.pointer, coefficient.pointer, factors[1].pointer, factors[0].pointer, context) == 1
            && BN_is_one(result.pointer) == 1
    }
}

/// A number of libcrypto, wiped when it is freed.
private final class BigNumber {
    let pointer: OpaquePointer?

    init() { pointer = BN_new() }

    /// Returns nil if the key has no such parameter (EVP_PKEY-RSA(7)).
    init?(_ name: String, of key: OpaquePointer) {
        var number: OpaquePointer?
        guard EVP_PKEY_get_bn_param(key, name, &number) == 1 else { return nil }
        pointer = number
    }

    /// The parameters `name1`, `name2` and so on, up to the first that is missing; at most ten (EVP_PKEY-RSA(7)).
    static func numbered(_ name: String, of key: OpaquePointer) -> some Sequence<BigNumber> {
        (1...10).lazy.map { BigNumber("\(name)\($0)", of: key) }.prefix { $0 != nil }.compactMap { $0 }
    }

    deinit { BN_clear_free(pointer) }
}
