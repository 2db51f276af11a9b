import COpenSSL
import FoundationEssentials

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
}
