import COpenSSL
import FoundationEssentials

/// What tests do to PEM text.
enum Blocks {
    /// The first block with some of its bytes replaced wherever they stand.
    static func replace(_ old: [UInt8], by new: [UInt8], in pem: String) -> String {
        rewrite(pem) { body in
            let bytes = Array(Data(base64Encoded: body) ?? Data()).replacing(old, with: new)
            return Data(bytes).base64EncodedString()
        }
    }

    /// The first block with so many bytes more at its end.
    static func padded(_ pem: String, by count: Int) -> String {
        rewrite(pem) { body in
            ((Data(base64Encoded: body) ?? Data()) + Data(count: count)).base64EncodedString()
        }
    }

    /// The block with all of its base64 on one line.
    static func unwrapped(_ pem: String) -> String { rewrite(pem) { $0 } }

    private static func rewrite(_ pem: String, _ body: (String) -> String) -> String {
        let lines = pem.split(separator: "\n")
        return "\(lines[0])\n\(body(lines.dropFirst().dropLast().joined()))\n\(lines[lines.count - 1])\n"
    }

    /// The newest error of this thread; 0 if there is none.
    static var pendingError: UInt { ERR_peek_last_error() }
}
