/// The blocks of PEM text, and the first violation of RFC 7468.
///
/// Text between blocks is skipped. Lines end in LF or CR LF and may have any length. White space in base64 and one
/// blank line after BEGIN are allowed, because Go, Java and OpenSSL all accept them. libcrypto alone is too lenient for
/// this check.
struct PEMText {
    struct Block {
        let label: String
        /// From BEGIN to the end of the END line, including its line break if there is one.
        let range: Range<Int>

        var isCertificate: Bool { label == Self.certificate }
        var isPrivateKey: Bool { label.hasSuffix("PRIVATE KEY") }

        static let certificate = "CERTIFICATE"
    }

    private(set) var blocks: [Block] = []
    private(set) var defect: PEMDefect?
    /// The first line with a zero byte that has not been followed by a block yet.
    private var zeroByteLine: Int?

    /// Reads the text up to the first defect.
    init(_ text: UnsafeRawBufferPointer) {
        var lines = Lines(text)
        var open: OpenBlock?
        while defect == nil, let line = lines.next() {
            if let block = open {
                open = read(line, in: block, lines)
            } else {
                open = begin(line, lines)
            }
        }
        if defect == nil, open != nil { fail(.endMissing, lines.number) }
    }

    private mutating func fail(_ kind: PEMDefect.Kind, _ line: Int) {
        defect = PEMDefect(kind: kind, block: blocks.count + 1, line: line)
    }

    /// Handles a line between blocks.
    private mutating func begin(_ line: Slice<UnsafeRawBufferPointer>, _ lines: Lines) -> OpenBlock? {
        if line.starts(with: Boundary.end) {
            fail(.endWithoutBegin, lines.number)
        } else if line.starts(with: Boundary.begin) {
            guard let label = Boundary.label(line, Boundary.begin) else {
                fail(.beginMalformed, lines.number)
                return nil
            }
            if let zeroByteLine {
                fail(.zeroByte, zeroByteLine)
            } else if Boundary.isUnusual(label) {
                fail(.label, lines.number)
            }
            return OpenBlock(label: label, start: line.startIndex)
        } else if line.ends(with: Boundary.dashes), line.contains(Boundary.begin) {
            let isMarked = line.starts(with: Boundary.byteOrderMark + Boundary.begin)
            fail(isMarked ? .byteOrderMark : .beginNotAtLineStart, lines.number)
        } else if zeroByteLine == nil, line.contains(0) {
            zeroByteLine = lines.number
        }
        return nil
    }

    /// Handles a line of a block, including END.
    private mutating func read(
        _ line: Slice<UnsafeRawBufferPointer>, in block: OpenBlock, _ lines: Lines
    ) -> OpenBlock? {
        var block = block
        if line.starts(with: Boundary.end) {
            let expected = Boundary.end + Array(" \(block.label)".utf8) + Boundary.dashes
            if !line.starts(with: expected) {
                fail(.endOfAnotherLabel, lines.number)
            } else if line.count > expected.count {
                fail(.endNotAtLineEnd, lines.number)
            } else if let problem = block.problem {
                fail(problem, lines.number)
            } else {
                blocks.append(Block(label: block.label, range: block.start..<lines.position))
            }
            return nil
        }
        if line.starts(with: Boundary.begin) {
            fail(.endMissing, lines.number)
        } else if let problem = block.add(line) {
            fail(problem, lines.number)
        }
        return block
    }
}

/// Lines without line breaks and trailing white space.
private struct Lines {
    private let text: UnsafeRawBufferPointer
    /// The start of the next line.
    private(set) var position = 0
    /// The number of the last line, starting at 1.
    private(set) var number = 0

    init(_ text: UnsafeRawBufferPointer) { self.text = text }

    mutating func next() -> Slice<UnsafeRawBufferPointer>? {
        guard position < text.count else { return nil }
        var line = text[position...]
        if let end = line.firstIndex(of: UInt8(ascii: "\n")) {
            line = text[position..<end]
            position = end + 1
        } else {
            position = text.count
        }
        number += 1
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        while let last = line.last, Boundary.isBlank(last) { line.removeLast() }
        return line
    }
}

private enum Boundary {
    static let begin = Array("-----BEGIN".utf8)
    static let end = Array("-----END".utf8)
    static let dashes = Array("-----".utf8)
    static let byteOrderMark: [UInt8] = [0xef, 0xbb, 0xbf]

    static func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }

    /// The label of a BEGIN or END that is alone on its line; nil if it is not.
    static func label(_ line: Slice<UnsafeRawBufferPointer>, _ boundary: [UInt8]) -> String? {
        let rest = line.dropFirst(boundary.count)
        guard rest.first == UInt8(ascii: " "), rest.ends(with: dashes), rest.count > dashes.count else { return nil }
        let label = rest.dropFirst().dropLast(dashes.count)
        guard label.allSatisfy({ (0x20...0x7e).contains($0) }), !label.contains(dashes) else { return nil }
        return String(decoding: label, as: UTF8.self)
    }

    /// Whether some readers accept the label for a certificate or key and others skip it.
    static func isUnusual(_ label: String) -> Bool {
        let usual = label.uppercased().split(separator: " ").joined(separator: " ")
        if Certificate.labels.contains(usual) { return label != PEMText.Block.certificate }
        return usual.hasSuffix("PRIVATE KEY") && !PrivateKey.labels.contains(label)
    }
}

/// A block before its END.
private struct OpenBlock {
    let label: String
    let start: Int

    private var lines = 0
    private var characters = 0
    private var padding = 0
    /// The first characters, which encode the header of the DER value.
    private var head: [UInt8] = []
    private var headers = Headers.none

    /// The state of the headers. Only keys in the older encrypted form (RFC 1421) have headers.
    private enum Headers { case none, open, closed }

    init(label: String, start: Int) {
        self.label = label
        self.start = start
    }

    mutating func add(_ line: Slice<UnsafeRawBufferPointer>) -> PEMDefect.Kind? {
        lines += 1
        guard let first = line.first else {
            if headers == .open {
                headers = .closed
                return nil
            }
            return lines == 1 ? nil : .blankLine
        }
        let isHeader = line.contains(UInt8(ascii: ":"))
        if headers == .open { return isHeader || Boundary.isBlank(first) ? nil : .header }
        if isHeader, characters == 0 {
            guard label.hasSuffix("PRIVATE KEY"), lines == 1, line.starts(with: Array("Proc-Type: 4,ENCRYPTED".utf8))
            else { return .header }
            headers = .open
            return nil
        }
        for byte in line where !Boundary.isBlank(byte) {
            if byte == UInt8(ascii: "=") {
                padding += 1
            } else if LenientBase64.value(of: byte) == nil {
                return .notBase64
            } else if padding > 0 {
                return .padding
            } else {
                characters += 1
                if head.count < 12 { head.append(byte) }
            }
        }
        return nil
    }

    /// The defect of the content as a whole; nil if there is none.
    var problem: PEMDefect.Kind? {
        if headers == .open { return .header }
        if characters == 0 { return .empty }
        guard padding <= 2, (characters + padding) % 4 == 0 else { return .padding }
        guard headers == .none, Boundary.isDER(label) else { return nil }
        let size = (characters + padding) / 4 * 3 - padding
        // Content that is not a SEQUENCE is not a certificate or key; libcrypto reports that.
        guard let head = DERHeader(LenientBase64.decode(head)) else { return nil }
        guard let expected = head.total, head.isMinimal else { return .notDER }
        if size > expected { return .trailingBytes(size - expected) }
        return size < expected ? .derCutOff : nil
    }
}

extension Boundary {
    /// Whether the content is one DER value. OpenSSH's keys are not, and for other labels it is unknown.
    fileprivate static func isDER(_ label: String) -> Bool {
        label == PEMText.Block.certificate || (PrivateKey.labels.contains(label) && label != "OPENSSH PRIVATE KEY")
    }
}

extension Collection<UInt8> {
    fileprivate func ends(with suffix: [UInt8]) -> Bool { self.suffix(suffix.count).elementsEqual(suffix) }
}
