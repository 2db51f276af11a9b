import JSON

/// Removes parts of secret values from a message: the server or a webhook may quote a value that it rejects.
///
/// A value is found in plain text, in base64, in hexadecimal and as a list of numbers, ignoring case and white space,
/// and with the escapes of JSON, Go, HTML and URLs. Any part of at least `shortest` bytes is found. Shorter values are
/// found only as a whole, and values of up to three bytes only as separate words, because they would match everywhere.
package struct Redactor: Sendable {
    /// The length of the shortest part of a value that is hidden, in bytes.
    package static let shortest = 6

    private static let mark = "…"
    /// Bytes of a message that are processed. The rest is dropped.
    private static let limit = 4096
    /// Characters of a message that are shown.
    private static let room = 1000
    /// The maximum total size in bytes of the values that are compared with a message. If they are larger, the message
    /// is omitted. This limits the time.
    package static let most = 256 * 1024

    /// Nil if the values are not known.
    private let values: [[UInt8]]?

    /// - Parameter values: the values to hide. Nil if they are not known: messages of webhooks and policies are then
    ///   omitted.
    package init(hiding values: [[UInt8]]?) { self.values = values }

    /// The message on one line, without parts of values, and of limited length.
    package func redact(_ message: String) -> String {
        let text = Self.line(message)
        let frame = AdmissionFrame.length(in: text)
        if values == nil, frame == 0 { return bounded(text[...]) }
        // etcd's errors are constants (etcd, `api/v3rpc/rpctypes`), and the message of a webhook never starts with
        // them.
        if text.starts(with: "etcdserver: ".utf8) { return bounded(text[...]) }
        if let text = hideValues(in: text, after: frame) { return bounded(text[...]) }
        guard frame > 0 else { return "(the server's message is omitted because it may quote a value)" }
        return bounded(text[..<frame]) + " (the reason is omitted because it may quote a value)"
    }

    /// The same for a text without an introduction by the server. Nil if the values are not known or cannot be
    /// compared.
    func redactAll(_ text: String) -> String? { hideValues(in: Self.line(text), after: 0).map { bounded($0[...]) } }

    private static func line(_ message: String) -> [UInt8] {
        message.utf8.prefix(limit).map { $0 < 0x20 ? UInt8(ascii: " ") : $0 }
    }

    private func hideValues(in text: [UInt8], after frame: Int) -> [UInt8]? {
        guard let values, values.reduce(0, { $0 + $1.count }) <= Self.most, let views = MessageView.all(of: text)
        else { return nil }
        var search = MessageSearch(views, length: text.count)
        for value in values { Self.forEachForm(of: value) { search.hide($0) } }
        var marks = search.finish()
        // A webhook or policy cannot choose its name in the introduction, so it is shown.
        for index in 0..<frame { marks[index] = .shown }
        return cut(text, marks)
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

    /// Calls `body` with each form in which a value may occur in a message, in lower case and without white space. Only
    /// one form is in memory at a time.
    private static func forEachForm(of value: [UInt8], _ body: ([UInt8]) -> Void) {
        let value = withoutLabels(value)
        func offer(_ form: [UInt8]) { if !form.isEmpty { body(form) } }
        offer(normal(value))
        if value.count >= 3 { offer(hexadecimal(value)) }
        // Inside larger base64 text, the value can start at any of three offsets in a group.
        for shift in 0..<(value.count < shortest ? 1 : 3) {
            let bytes = [UInt8](repeating: 0, count: shift) + value
            var text = Array(Base64.encode(bytes).utf8)
            if shift > 0 { text.removeFirst(shift + 1) }
            text = normal(text.filter { $0 != UInt8(ascii: "=") })
            offer(text)
            let forURLs = text.map { byte in
                byte == UInt8(ascii: "+") ? UInt8(ascii: "-") : byte == UInt8(ascii: "/") ? UInt8(ascii: "_") : byte
            }
            if forURLs != text { offer(forURLs) }
        }
    }

    /// Without the PEM header and footer lines: they are not secret, and a message about a certificate may contain
    /// them.
    private static func withoutLabels(_ value: [UInt8]) -> [UInt8] {
        let dashes = Array("-----".utf8)
        guard value.count > 10, value.starts(with: dashes) else { return value }
        let lines = value.split(separator: UInt8(ascii: "\n"))
        return Array(lines.filter { !$0.starts(with: dashes) }.joined(separator: [UInt8(ascii: "\n")]))
    }

    private static func hexadecimal(_ value: [UInt8]) -> [UInt8] {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(2 * value.count)
        for byte in value {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return text
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
