package import Certificates
package import Distribution
import Snapshots

/// Generates values that do not exist anywhere yet. All randomness comes from libcrypto.
package enum ValueGenerator {
    /// New values for all keys of a group. Both parts of a pair come from one key pair. RSA takes up to seconds.
    ///
    /// - Returns: by data key.
    package static func generate(_ group: GeneratedGroup) throws(KeyPair.Failure) -> [String: SecretValue] {
        guard let value = group.entries.first?.value else { return [:] }
        switch value.kind {
        case .password: return try single(group) { () throws(KeyPair.Failure) in try password(value) }
        case .random: return try single(group) { () throws(KeyPair.Failure) in try random(value.size) }
        case .uuid: return try single(group, uuid)
        case .rsa: return try parts(of: try KeyPair(.rsa(bits: value.size)), group)
        case .ec: return try parts(of: try KeyPair(.ec(bits: value.size)), group)
        case .ed25519: return try parts(of: try KeyPair(.ed25519), group)
        }
    }

    private static func single(
        _ group: GeneratedGroup, _ make: () throws(KeyPair.Failure) -> SecretBytes
    ) throws(KeyPair.Failure) -> [String: SecretValue] {
        var values: [String: SecretValue] = [:]
        for entry in group.entries { values[entry.key] = SecretValue(try make()) }
        return values
    }

    private static func parts(
        of pair: borrowing KeyPair, _ group: GeneratedGroup
    ) throws(KeyPair.Failure) -> [String: SecretValue] {
        var values: [String: SecretValue] = [:]
        for entry in group.entries {
            let bytes =
                switch (entry.value.part, entry.value.format) {
                case (.privateKey, .openSSH): try pair.openSSHPrivateKey()
                case (.publicKey, .openSSH): try pair.openSSHPublicKey()
                case (.privateKey, let format): try pair.privateKey(isPEM: format == .pem)
                case (.publicKey, let format): try pair.publicKey(isPEM: format == .pem)
                }
            values[entry.key] = SecretValue(bytes)
        }
        return values
    }

    private static func random(_ size: Int) throws(KeyPair.Failure) -> SecretBytes {
        try SecretBytes(capacity: size) { (buffer) throws(KeyPair.Failure) in
            try RandomBytes.fill(buffer)
            return buffer.count
        }
    }

    /// Each character is as probable as any other.
    private static func password(_ value: GeneratedValue) throws(KeyPair.Failure) -> SecretBytes {
        let characters = value.characters
        // A byte from here on is not used: the remainders of these are not equally probable.
        let limit = 256 - 256 % characters.count
        return try SecretBytes(capacity: value.size) { (buffer) throws(KeyPair.Failure) -> Int in
            var count = 0
            while count < buffer.count {
                let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[count...])
                try RandomBytes.fill(rest)
                for byte in rest where Int(byte) < limit {
                    buffer[count] = characters[Int(byte) % characters.count]
                    count += 1
                }
            }
            return count
        }
    }

    /// Version 4 (RFC 9562), in lower case.
    private static func uuid() throws(KeyPair.Failure) -> SecretBytes {
        var bytes = try random(16).withUnsafeBytes { Array($0) }
        bytes[6] = bytes[6] & 0x0f | 0x40
        bytes[8] = bytes[8] & 0x3f | 0x80
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        for (index, byte) in bytes.enumerated() {
            if [4, 6, 8, 10].contains(index) { text.append(UInt8(ascii: "-")) }
            text += [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        }
        return SecretBytes(text)
    }
}
