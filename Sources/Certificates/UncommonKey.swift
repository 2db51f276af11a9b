import COpenSSL

/// A kind of key that common servers or clients reject.
package struct UncommonKey: Sendable, Equatable {
    /// For example `RSA of 1024 bits`.
    package let kind: String
    package let rejectedBy: String

    /// - Parameter key: a public key. The result is nil if all common clients and servers accept its kind. They accept
    ///   Ed25519: Go, OpenSSL and Java 15 support it.
    init?(_ key: OpaquePointer) {
        if EVP_PKEY_is_a(key, "RSA") == 1 {
            let bits = EVP_PKEY_get_bits(key)
            guard !(2048...8192).contains(bits) else { return nil }
            self.init(
                "RSA of \(bits) bits",
                bits < 1024
                    ? "Go, Java and OpenSSL"
                    : bits < 2048 ? "OpenSSL at its default security level on current systems" : "clients written in Go"
            )
        } else if EVP_PKEY_is_a(key, "EC") == 1 {
            let curve = Self.text(key, OSSL_PKEY_PARAM_GROUP_NAME) ?? "an unknown curve"
            if Self.text(key, OSSL_PKEY_PARAM_EC_ENCODING) == OSSL_PKEY_EC_ENCODING_EXPLICIT {
                self.init("EC with explicit parameters", "Go and Java")
            } else if curve == "secp224r1" {
                self.init("EC on curve P-224", "TLS 1.3 and Java 16")
            } else if !["prime256v1", "secp384r1", "secp521r1"].contains(curve) {
                self.init("EC on curve \(curve)", "Go and Java 16")
            } else {
                return nil
            }
        } else if EVP_PKEY_is_a(key, "ED25519") == 1 {
            return nil
        } else {
            let name = EVP_PKEY_get0_type_name(key).map { String(cString: $0) } ?? "of an unknown kind"
            self.init(name, name == "DSA" ? "Go and TLS 1.3" : "Go")
        }
    }

    private init(_ kind: String, _ rejectedBy: String) {
        self.kind = kind
        self.rejectedBy = rejectedBy
    }

    private static func text(_ key: OpaquePointer, _ parameter: String) -> String? {
        var buffer = [CChar](repeating: 0, count: 80)
        var count = 0
        guard EVP_PKEY_get_utf8_string_param(key, parameter, &buffer, buffer.count, &count) == 1 else { return nil }
        return String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
