/// Where PEM text departs from RFC 7468, so that Go, Java or OpenSSL rejects it or skips a block. It quotes nothing of the
/// text.
package struct PEMDefect: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Kind: Sendable, Hashable {
        case byteOrderMark
        /// A BEGIN line that does not start at the start of its line.
        case beginNotAtLineStart
        /// A line that starts with `-----BEGIN` and is no BEGIN line.
        case beginMalformed
        /// In text before a block: OpenSSL reads no further.
        case zeroByte
        case endWithoutBegin
        case endOfAnotherLabel
        /// Something follows END on its line.
        case endNotAtLineEnd
        /// The next block, or the end of the text, comes before END.
        case endMissing
        case header
        case blankLine
        case notBase64
        /// The number of characters or `=` cannot be.
        case padding
        case empty
        /// So many bytes follow the DER value.
        case trailingBytes(Int)
        /// The DER value is longer than the block.
        case derCutOff
        /// BER, with a length that DER does not allow.
        case notDER
        /// A certificate or key under a label that RFC 7468 does not give it.
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
        case .beginMalformed: "is no BEGIN line, expected -----BEGIN, a label and ----- alone on the line"
        case .zeroByte: "has a zero byte before -----BEGIN"
        case .endWithoutBegin: "has an END without its BEGIN"
        case .endOfAnotherLabel: "has an END that does not match its BEGIN"
        case .endNotAtLineEnd: "has something after END, expected a line break"
        case .endMissing: "is in a block that does not end"
        case .header: "has a header, which RFC 7468 does not allow"
        case .blankLine: "is blank, inside a block"
        case .notBase64: "has a character that is not base64"
        case .padding: "ends base64 of the wrong length or padding"
        case .empty: "ends a block that holds nothing"
        case .trailingBytes(let count):
            "ends a block with \(count) \(count == 1 ? "byte" : "bytes") after its DER value"
        case .derCutOff: "ends a block whose DER value is cut off"
        case .notDER: "ends a block that is BER, expected DER"
        case .label: "has a label that not all servers know, expected CERTIFICATE or a kind of PRIVATE KEY"
        }
    }
}
