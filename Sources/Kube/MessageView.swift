import JSON

/// A message with escapes decoded, in lower case and without white space. Each byte knows its place in the message.
struct MessageView {
    struct Piece {
        let byte: UInt8
        /// The place in the message.
        let source: Range<Int>
        /// Whether no letter or digit precedes it, and whether none follows it.
        var isStart = false
        var isEnd = false

        init(_ byte: UInt8, from source: Range<Int>) {
            self.byte = byte
            self.source = source
        }

        var isPartOfWord: Bool {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), 0x80...:
                true
            default: false
            }
        }
    }

    /// Whether a byte of a message is shown, or why it is hidden.
    enum Mark {
        case shown
        /// A short value, found as a whole.
        case word
        /// A part of a value. A few bytes between two such parts are hidden too.
        case part
    }

    private let pieces: [Piece]

    /// The maximum number of views of one message: enough for each kind of escape once, with both kinds of numbers, and
    /// for two layers of some kinds.
    private static let most = 48

    /// The message as it is, and with each kind of escape decoded that it contains; JSON in JSON has two layers. Each
    /// of these also with its numbers replaced by bytes. Nil if there are too many.
    static func all(of text: [UInt8]) -> [MessageView]? {
        let plain = text.indices.map { Piece(text[$0], from: $0..<($0 + 1)) }
        var views = [plain]
        for undo in [backslash, percent, plus, entity] {
            for layers in views {
                var view = layers
                for _ in 0..<2 {
                    guard let next = undo(view) else { break }
                    view = next
                    views.append(view)
                }
            }
            guard views.count <= most else { return nil }
        }
        for view in views { views += [decimals, hexadecimals].compactMap { $0(view) } }
        return views.count <= most ? views.map { MessageView($0) } : nil
    }

    private init(_ pieces: [Piece]) {
        self.pieces = pieces.indices.compactMap { index in
            guard let byte = Redactor.normal(pieces[index].byte) else { return nil }
            var piece = Piece(byte, from: pieces[index].source)
            piece.isStart = index == 0 || !pieces[index - 1].isPartOfWord
            piece.isEnd = index + 1 == pieces.count || !pieces[index + 1].isPartOfWord
            return piece
        }
    }

    /// Calls `body` with each sequence of `length` bytes, at most 8, and its start.
    func forEachGram(of length: Int, _ body: (_ start: Int, _ gram: UInt64) -> Void) {
        let mask = UInt64.max >> (64 - 8 * UInt64(length))
        var gram: UInt64 = 0
        for (index, piece) in pieces.enumerated() {
            gram = (gram << 8 | UInt64(piece.byte)) & mask
            if index + 1 >= length { body(index + 1 - length, gram) }
        }
    }

    /// Whether no letter or digit is next to it.
    func isWord(_ place: Range<Int>) -> Bool {
        pieces[place.lowerBound].isStart && pieces[place.upperBound - 1].isEnd
    }

    func hide(_ place: Range<Int>, as mark: Mark, in marks: inout [Mark]) {
        for piece in pieces[place] {
            for index in piece.source where marks[index] != .part { marks[index] = mark }
        }
    }
}

// MARK: - Escapes

extension MessageView {
    private typealias Undoing = ([Piece], Int) -> (bytes: [UInt8], length: Int)?

    /// Decodes all escapes that start with `mark`. Nil if there are none.
    private static func undo(_ pieces: [Piece], _ mark: UInt8, _ undoing: Undoing) -> [Piece]? {
        var result: [Piece] = []
        var index = 0
        var isSame = true
        while index < pieces.count {
            guard pieces[index].byte == mark, let (bytes, length) = undoing(pieces, index) else {
                result.append(pieces[index])
                index += 1
                continue
            }
            let source = pieces[index].source.lowerBound..<pieces[index + length - 1].source.upperBound
            result += bytes.map { Piece($0, from: source) }
            index += length
            isSame = false
        }
        return isSame ? nil : result
    }

    /// Escapes of JSON and of Go's `%q`.
    private static func backslash(_ pieces: [Piece]) -> [Piece]? {
        undo(pieces, UInt8(ascii: "\\")) { pieces, index in
            guard index + 1 < pieces.count else { return nil }
            let letter = pieces[index + 1].byte
            let count =
                switch letter {
                case UInt8(ascii: "x"): 2
                case UInt8(ascii: "u"): 4
                case UInt8(ascii: "U"): 8
                default: 0
                }
            guard count > 0 else {
                let known: [UInt8: UInt8] = [
                    UInt8(ascii: "a"): 7, UInt8(ascii: "v"): 11, UInt8(ascii: "'"): UInt8(ascii: "'"),
                ]
                return (JSONEscape.byte(for: letter) ?? known[letter]).map { ([$0], 2) }
            }
            guard let number = number(pieces, index + 2, count) else { return nil }
            if letter == UInt8(ascii: "x") { return ([UInt8(number & 0xff)], 4) }
            // Half of a surrogate pair. The bytes of the value around it are still found.
            guard let scalar = Unicode.Scalar(number) else { return ([], count + 2) }
            return (Array(String(scalar).utf8), count + 2)
        }
    }

    private static func percent(_ pieces: [Piece]) -> [Piece]? {
        undo(pieces, UInt8(ascii: "%")) { pieces, index in
            number(pieces, index + 1, 2).map { ([UInt8($0)], 3) }
        }
    }

    /// `+` for a space in a query.
    private static func plus(_ pieces: [Piece]) -> [Piece]? {
        undo(pieces, UInt8(ascii: "+")) { _, _ in ([UInt8(ascii: " ")], 1) }
    }

    /// Entities of HTML, which Go's templates write.
    private static func entity(_ pieces: [Piece]) -> [Piece]? {
        undo(pieces, UInt8(ascii: "&")) { pieces, index in
            guard let end = pieces[index...].prefix(8).firstIndex(where: { $0.byte == UInt8(ascii: ";") }) else {
                return nil
            }
            let name = String(decoding: pieces[(index + 1)..<end].map(\.byte), as: UTF8.self)
            let names = ["lt": "<", "gt": ">", "amp": "&", "quot": "\"", "apos": "'"]
            if let text = names[name] { return (Array(text.utf8), end - index + 1) }
            guard name.hasPrefix("#"), let number = UInt32(name.dropFirst()), let scalar = Unicode.Scalar(number) else {
                return nil
            }
            return (Array(String(scalar).utf8), end - index + 1)
        }
    }

    static func number(_ pieces: [Piece], _ start: Int, _ count: Int) -> UInt32? {
        guard start + count <= pieces.count else { return nil }
        var number: UInt32 = 0
        for piece in pieces[start..<(start + count)] {
            guard let digit = JSONEscape.unit(of: CollectionOfOne(piece.byte)) else { return nil }
            number = number << 4 | UInt32(digit)
        }
        return number
    }
}
