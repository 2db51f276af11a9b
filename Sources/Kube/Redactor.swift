import FoundationEssentials

/// Leaves out of a message what may be a part of a secret value: the server, or a webhook, may quote what it refuses.
///
/// A value is found as it is, in base64 and in hexadecimal, whatever its case and white space, and behind the escapes of
/// JSON, Go, HTML and URLs, whole or from `shortest` bytes on in part. Shorter values are found whole; those of up to three
/// bytes only as words of their own, for they would be found everywhere.
package struct Redactor: Sendable {
    /// Bytes of a value that may not be shown together.
    package static let shortest = 6

    private static let mark = "…"
    /// Bytes of a message that are looked at.
    private static let limit = 4096
    /// Characters of a message that are shown.
    private static let room = 1000

    /// Nil: the values are not known.
    private let forms: [[UInt8]]?

    /// - Parameter values: what must not be shown. Nil: it is not known, and what a webhook or a policy says is left out.
    package init(hiding values: [[UInt8]]?) { forms = values.map { $0.flatMap(Self.forms) } }

    /// The message on one line, without what may be a value, and of bounded length.
    package func redact(_ message: String) -> String {
        let text = message.utf8.prefix(Self.limit).map { $0 < 0x20 ? UInt8(ascii: " ") : $0 }
        let frame = AdmissionFrame.length(in: text)
        guard let forms else {
            guard frame > 0 else { return bounded(text[...]) }
            return bounded(text[..<frame]) + " (why may quote a value and is left out)"
        }
        var marks = [MessageView.Mark](repeating: .shown, count: text.count)
        for view in MessageView.all(of: text) {
            let grams = view.grams(of: Self.shortest)
            for form in forms { view.hide(form, grams, in: &marks) }
        }
        // The names of webhooks and policies are not theirs to choose.
        for index in 0..<frame { marks[index] = .shown }
        return bounded(cut(text, marks)[...])
    }

    private func cut(_ text: [UInt8], _ marks: [MessageView.Mark]) -> [UInt8] {
        var result: [UInt8] = []
        var last: Int?
        for index in text.indices where marks[index] != .shown {
            let between = text[(last.map { $0 + 1 } ?? 0)..<index]
            let isRest = last.map { marks[$0] == .part } == true && marks[index] == .part
            if last == nil || !between.isEmpty && !(isRest && between.count < Self.shortest) {
                result += between
                result += Self.mark.utf8
            }
            last = index
        }
        return result + text[(last.map { $0 + 1 } ?? 0)...]
    }

    private func bounded(_ text: ArraySlice<UInt8>) -> String {
        let text = String(decoding: text, as: UTF8.self)
        return text.count > Self.room ? text.prefix(Self.room) + Self.mark : text
    }

    /// How a value may stand in a message: lower case, without white space.
    private static func forms(of value: [UInt8]) -> [[UInt8]] {
        let value = withoutLabels(value)
        var forms = [normal(value)]
        if value.count >= 3 { forms.append(value.flatMap { hexadecimal($0) }) }
        // Where it stands in something larger, the groups of base64 begin at one of three places.
        for shift in 0..<(value.count < shortest ? 1 : 3) {
            let bytes = [UInt8](repeating: 0, count: shift) + value
            var text = Array(Data(bytes).base64EncodedString().utf8)
            if shift > 0 { text.removeFirst(shift + 1) }
            text = normal(text.filter { $0 != UInt8(ascii: "=") })
            forms.append(text)
            let forURLs = text.map { byte in
                byte == UInt8(ascii: "+") ? UInt8(ascii: "-") : byte == UInt8(ascii: "/") ? UInt8(ascii: "_") : byte
            }
            if forURLs != text { forms.append(forURLs) }
        }
        return forms.filter { !$0.isEmpty }
    }

    /// Without the lines that mark PEM: they are no secret, and a message may well speak of a certificate.
    private static func withoutLabels(_ value: [UInt8]) -> [UInt8] {
        let dashes = Array("-----".utf8)
        guard value.count > 10, value.starts(with: dashes) else { return value }
        let lines = value.split(separator: UInt8(ascii: "\n"))
        return Array(lines.filter { !$0.starts(with: dashes) }.joined(separator: [UInt8(ascii: "\n")]))
    }

    private static func hexadecimal(_ byte: UInt8) -> [UInt8] {
        let digits = Array("0123456789abcdef".utf8)
        return [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
    }

    static func normal(_ text: [UInt8]) -> [UInt8] { text.compactMap(normal) }

    /// Nil for white space and control characters.
    static func normal(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0...0x20, 0x7f: nil
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): byte + 0x20
        default: byte
        }
    }
}
