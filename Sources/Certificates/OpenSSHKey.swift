import COpenSSL
package import Snapshots

/// The formats of OpenSSH: `openssh-key-v1` (PROTOCOL.key of its sources) and the line of an `authorized_keys` file
/// (sshd(8)).
extension KeyPair {
    /// The private key without a passphrase.
    package func openSSHPrivateKey() throws(Failure) -> SecretBytes {
        let parts = try OpenSSHParts(of: pointer)
        var secret = SSHBuffer()
        // The same number twice, by which a reader notices a wrong passphrase.
        var check = UInt32(0)
        try withUnsafeMutableBytes(of: &check) { (buffer) throws(Failure) in try RandomBytes.fill(buffer) }
        secret.append(check)
        secret.append(check)
        secret.append(parts.privateFields.bytes, count: nil)
        // No comment.
        secret.append(UInt32(0))
        // Padded to the block size of "none", which is 8, with 1, 2, 3 and so on.
        for byte in UInt8(1)...8 where secret.bytes.count % 8 != 0 { secret.bytes.append(byte) }
        var output = SSHBuffer()
        output.append(Array("openssh-key-v1\0".utf8), count: nil)
        output.append(string: "none")
        output.append(string: "none")
        output.append(string: "")
        output.append(UInt32(1))
        output.append(parts.publicBlob.bytes, count: parts.publicBlob.bytes.count)
        output.append(secret.bytes, count: secret.bytes.count)
        guard let block = output.bytes.withUnsafeBytes({ PEMWriter.block("OPENSSH PRIVATE KEY", $0) }) else {
            throw Failure(operation: "write a private key")
        }
        return block
    }

    /// `ssh-ed25519 AAAA…` and a line break.
    package func openSSHPublicKey() throws(Failure) -> SecretBytes {
        let parts = try OpenSSHParts(of: pointer)
        let blob = parts.publicBlob.bytes
        let size = (blob.count + 2) / 3 * 4
        var text = [UInt8](repeating: 0, count: size + 1)
        EVP_EncodeBlock(&text, blob, Int32(blob.count))
        return SecretBytes(Array("\(parts.name) ".utf8) + text.prefix(size) + [UInt8(ascii: "\n")])
    }
}

/// A key in the encoding of SSH (RFC 4251, RFC 4253, RFC 5656, RFC 8709).
private struct OpenSSHParts {
    let name: String
    let publicBlob: SSHBuffer
    /// The fields of the private key, with its name.
    let privateFields: SSHBuffer

    init(of key: OpaquePointer) throws(KeyPair.Failure) {
        let failure = KeyPair.Failure(operation: "write a key for OpenSSH")
        var (blob, fields) = (SSHBuffer(), SSHBuffer())
        if EVP_PKEY_is_a(key, "ED25519") == 1 {
            name = "ssh-ed25519"
            guard let publicKey = Self.raw(key, EVP_PKEY_get_raw_public_key),
                let privateKey = Self.raw(key, EVP_PKEY_get_raw_private_key)
            else { throw failure }
            blob.append(string: name)
            blob.append(publicKey, count: publicKey.count)
            fields.append(blob.bytes, count: nil)
            fields.append(privateKey + publicKey, count: privateKey.count + publicKey.count)
        } else if EVP_PKEY_is_a(key, "EC") == 1 {
            let curve = "nistp\(EVP_PKEY_get_bits(key))"
            name = "ecdsa-sha2-\(curve)"
            var point = [UInt8](repeating: 0, count: 256)
            var count = 0
            guard EVP_PKEY_get_octet_string_param(key, "pub", &point, point.count, &count) == 1,
                let secret = Self.number("priv", of: key)
            else { throw failure }
            // 0x04: an uncompressed point.
            guard point.first == 4 else { throw failure }
            blob.append(string: name)
            blob.append(string: curve)
            blob.append(point.prefix(count), count: count)
            fields.append(blob.bytes, count: nil)
            fields.append(number: secret)
        } else {
            name = "ssh-rsa"
            guard let modulus = Self.number("n", of: key), let exponent = Self.number("e", of: key),
                let secret = Self.number("d", of: key), let inverse = Self.number("rsa-coefficient1", of: key),
                let first = Self.number("rsa-factor1", of: key), let second = Self.number("rsa-factor2", of: key)
            else { throw failure }
            blob.append(string: name)
            blob.append(number: exponent)
            blob.append(number: modulus)
            fields.append(string: name)
            for number in [modulus, exponent, secret, inverse, first, second] { fields.append(number: number) }
        }
        (publicBlob, privateFields) = (blob, fields)
    }

    private static func raw(
        _ key: OpaquePointer,
        _ read: (OpaquePointer, UnsafeMutablePointer<UInt8>, UnsafeMutablePointer<Int>) -> Int32
    ) -> [UInt8]? {
        var (bytes, count) = ([UInt8](repeating: 0, count: 32), 32)
        return read(key, &bytes, &count) == 1 && count == 32 ? bytes : nil
    }

    /// A number in big-endian order, without leading zeros.
    private static func number(_ name: String, of key: OpaquePointer) -> [UInt8]? {
        var number: OpaquePointer?
        guard EVP_PKEY_get_bn_param(key, name, &number) == 1 else { return nil }
        defer { BN_clear_free(number) }
        var bytes = [UInt8](repeating: 0, count: Int(BN_num_bits(number) + 7) / 8)
        BN_bn2bin(number, &bytes)
        return bytes
    }
}

/// Bytes in the encoding of RFC 4251, section 5. The program wipes memory that it frees, so arrays are enough.
private struct SSHBuffer {
    var bytes: [UInt8] = []

    mutating func append(_ number: UInt32) { withUnsafeBytes(of: number.bigEndian) { bytes += $0 } }

    /// - Parameter count: the length that is written before the bytes; nil for none.
    mutating func append(_ content: some Collection<UInt8>, count: Int?) {
        if let count { append(UInt32(count)) }
        bytes += content
    }

    mutating func append(string: String) { append(string.utf8, count: string.utf8.count) }

    /// An `mpint`: a leading zero byte keeps it positive.
    mutating func append(number: [UInt8]) {
        let content = (number.first ?? 0) >= 0x80 ? [0] + number : number
        append(content, count: content.count)
    }
}
