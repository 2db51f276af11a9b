/// A violation of RFC 7468 in PEM text, because of which Go, Java or OpenSSL rejects the text or skips a block. It
/// quotes nothing from the text.
package struct PEMDefect: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Kind: Sendable, Hashable {
        case byteOrderMark
        /// BEGIN is not at the start of its line.
        case beginNotAtLineStart
        /// A line starts with `-----BEGIN` but is not a BEGIN line.
        case beginMalformed
        /// In text before a block. OpenSSL stops reading there.
        case zeroByte
        case endWithoutBegin
        case endOfAnotherLabel
        /// The line continues after END.
        case endNotAtLineEnd
        /// The next block or the end of the text comes before END.
        case endMissing
        case header
        case blankLine
        case notBase64
        /// The number of characters or of `=` is invalid.
        case padding
        case empty
        /// This number of bytes follows the DER value.
        case trailingBytes(Int)
        /// The DER value is longer than the block.
        case derCutOff
        /// BER with a length encoding that DER does not allow.
        case notDER
        /// A certificate or key has a label that RFC 7468 does not define for it.
        case label
    }

    /// The first one of `text`; nil if there is none.
    package static func first(in text: UnsafeRawBufferPointer) -> PEMDefect? { PEMText(text).defect }

    package let kind: Kind
    /// Counted from 1.
    package let block: Int
    /// Counted from 1.
    package let line: Int

    package var description: String { "line \(line) (PEM block \(block)) \(kind.text)" }
}

extension PEMDefect.Kind {
    fileprivate var text: String {
        switch self {
        case .byteOrderMark: "has a byte order mark before -----BEGIN"
        case .beginNotAtLineStart: "has something before -----BEGIN, expected it at the start of the line"
        case .beginMalformed: "is not a BEGIN line, expected -----BEGIN, a label and ----- alone on the line"
        case .zeroByte: "has a zero byte before -----BEGIN"
        case .endWithoutBegin: "has an END without its BEGIN"
        case .endOfAnotherLabel: "has an END that does not match its BEGIN"
        case .endNotAtLineEnd: "has something after END, expected a line break"
        case .endMissing: "is in a block that does not end"
        case .header: "has a header, which RFC 7468 does not allow"
        case .blankLine: "is blank, inside a block"
        case .notBase64: "has a character that is not base64"
        case .padding: "ends base64 of the wrong length or padding"
        case .empty: "ends an empty block"
        case .trailingBytes(let count):
            "ends a block with \(count) \(count == 1 ? "byte" : "bytes") after its DER value"
        case .derCutOff: "ends a block whose DER value is cut off"
        case .notDER: "ends a block that is BER, expected DER"
        case .label: "has a label that some servers do not support, expected CERTIFICATE or a kind of PRIVATE KEY"
        }
    }
}
