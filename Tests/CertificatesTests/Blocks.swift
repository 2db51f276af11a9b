import COpenSSL
import FoundationEssentials

@testable import Certificates

/// Changes of PEM text for tests.
enum Blocks {
    /// The first block with all occurrences of some bytes replaced.
    static func replace(_ old: [UInt8], by new: [UInt8], in pem: String) -> String {
        rewrite(pem) { body in
            let bytes = Array(Data(base64Encoded: body) ?? Data()).replacing(old, with: new)
            return Data(bytes).base64EncodedString()
        }
    }

    /// The first block with this number of additional bytes; a negative number truncates it.
    static func padded(_ pem: String, by count: Int) -> String {
        rewrite(pem) { body in
            let bytes = Data(base64Encoded: body) ?? Data()
            return (bytes.prefix(bytes.count + min(0, count)) + Data(count: max(0, count))).base64EncodedString()
        }
    }

    /// The block with its base64 in lines of this length.
    static func wrapped(_ pem: String, at width: Int) -> String {
        rewrite(pem) { body in
            stride(from: 0, to: body.count, by: width).map { String(body.dropFirst($0).prefix(width)) }
                .joined(separator: "\n")
        }
    }

    /// The block with changed base64.
    static func body(_ pem: String, _ change: (String) -> String) -> String { rewrite(pem, change) }

    /// The base64 without its last group if that has padding.
    static func unpadded(_ base64: String) -> String {
        base64.contains("=") ? String(base64.dropLast(4)) : base64
    }

    /// The content of the first block.
    static func der(_ pem: String) -> [UInt8] {
        let lines = pem.split(separator: "\n")
        return Array(Data(base64Encoded: lines.dropFirst().dropLast().joined()) ?? Data())
    }

    /// The contents of the integers of the first block, a sequence of them.
    static func integers(_ pem: String) -> [[UInt8]] {
        var rest = der(pem)[...]
        _ = header(&rest)
        var all: [[UInt8]] = []
        while let size = header(&rest), size <= rest.count {
            all.append(Array(rest.prefix(size)))
            rest = rest.dropFirst(size)
        }
        return all
    }

    /// Takes the tag and the length of a DER value off.
    private static func header(_ der: inout ArraySlice<UInt8>) -> Int? {
        guard der.count >= 2 else { return nil }
        var size = Int(der[der.startIndex + 1])
        der = der.dropFirst(2)
        if size >= 0x80 {
            let count = size - 0x80
            size = der.prefix(count).reduce(0) { $0 << 8 | Int($1) }
            der = der.dropFirst(count)
        }
        return size
    }

    /// The block with all of its base64 on one line.
    static func unwrapped(_ pem: String) -> String { rewrite(pem) { $0 } }

    private static func rewrite(_ pem: String, _ body: (String) -> String) -> String {
        let lines = pem.split(separator: "\n")
        return "\(lines[0])\n\(body(lines.dropFirst().dropLast().joined()))\n\(lines[lines.count - 1])\n"
    }

    /// The most recent libcrypto error of this thread; 0 if there is none.
    static var pendingError: UInt { ERR_peek_last_error() }

    /// The bytes in base64, on one line and on several.
    static func base64(of bytes: [UInt8]) -> [String] {
        let text = Data(bytes).base64EncodedString()
        let lines = stride(from: 0, to: text.count, by: 64).map { String(text.dropFirst($0).prefix(64)) }
        return [text, text + "\n", lines.joined(separator: "\n"), lines.joined(separator: "\r\n"), "  \(text)"]
    }

    /// Where `pattern` occurs in `bytes`.
    static func places(of pattern: [UInt8], in bytes: [UInt8]) -> [Int] {
        bytes.indices.filter { bytes[$0...].starts(with: pattern) }
    }

    /// A DER value with indefinite lengths, and its strings in pieces of 100 bytes.
    static func indefinite(_ der: [UInt8]) -> [UInt8]? {
        der.withUnsafeBytes { bytes in BERValue(firstIn: bytes).flatMap(indefinite) }
    }

    private static func indefinite(_ value: BERValue) -> [UInt8]? {
        let content: [UInt8]
        if let elements = value.elements(limit: 100) {
            content = elements.compactMap(indefinite).flatMap { $0 }
        } else if value.tag & 0x1f == 4 || value.tag == 0x80, value.content.count > 100 {
            let bytes = Array(value.content)
            content = stride(from: 0, to: bytes.count, by: 100).flatMap { start in
                let piece = bytes.dropFirst(start).prefix(100)
                return [4, UInt8(piece.count)] + piece
            }
        } else {
            return Array(value.encoding)
        }
        return [value.tag | 0x20, 0x80] + content + [0, 0]
    }

    /// PKCS#12 in DER without its MAC.
    static func withoutMAC(_ file: [UInt8]) -> [UInt8]? {
        file.withUnsafeBytes { bytes in
            guard let elements = BERValue(firstIn: bytes)?.elements() else { return nil }
            return [0x30, 0x80] + elements.prefix(2).flatMap { Array($0.encoding) } + [0, 0]
        }
    }
}
