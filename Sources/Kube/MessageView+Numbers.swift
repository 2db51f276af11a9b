/// Bytes written as numbers: `[104 117]` in Go's `%v`, `[104,117]` in JSON, `[104, -61]` in Java, `0x68, 0x75` in Go's
/// `%#v`, `68:75`.
extension MessageView {
    private typealias Number = (bytes: [UInt8], place: Range<Int>)

    static func decimals(_ pieces: [Piece]) -> [Piece]? {
        joinNumbers(pieces) { word in
            guard word.count <= 3 else { return nil }
            var number = 0
            for piece in pieces[word] {
                guard case UInt8(ascii: "0")...UInt8(ascii: "9") = piece.byte else { return nil }
                number = 10 * number + Int(piece.byte - UInt8(ascii: "0"))
            }
            let start = word.lowerBound
            let isNegative =
                start > 0 && pieces[start - 1].byte == UInt8(ascii: "-")
                && (start == 1 || !pieces[start - 2].isPartOfWord)
            guard let byte = isNegative ? Int8(exactly: -number).map(UInt8.init(bitPattern:)) : UInt8(exactly: number)
            else { return nil }
            return ([byte], isNegative ? (start - 1)..<word.upperBound : word)
        }
    }

    /// Two digits for each byte. A byte after `0x` may have one digit.
    static func hexadecimals(_ pieces: [Piece]) -> [Piece]? {
        joinNumbers(pieces) { word in
            var digits = word
            let hasPrefix =
                word.count > 2 && pieces[word.lowerBound].byte == UInt8(ascii: "0")
                && pieces[word.lowerBound + 1].byte | 0x20 == UInt8(ascii: "x")
            if hasPrefix { digits = (word.lowerBound + 2)..<word.upperBound }
            guard digits.count % 2 == 0 || hasPrefix && digits.count == 1 else { return nil }
            var bytes: [UInt8] = []
            for start in stride(from: digits.lowerBound, to: digits.upperBound, by: 2) {
                let count = min(2, digits.upperBound - start)
                guard let number = number(pieces, start, count) else { return nil }
                bytes.append(UInt8(number))
            }
            return (bytes, word)
        }
    }

    /// Replaces sequences of numbers by their bytes. No letter or digit may be between the numbers. Nil if there are
    /// none.
    private static func joinNumbers(_ pieces: [Piece], _ read: (Range<Int>) -> Number?) -> [Piece]? {
        var result: [Piece] = []
        var run: [Number] = []
        // The number of pieces that are in the result.
        var done = 0
        var isSame = true
        func endRun() {
            defer { run = [] }
            guard let first = run.first, let last = run.last, run.reduce(0, { $0 + $1.bytes.count }) > 1 else { return }
            isSame = false
            result += pieces[done..<first.place.lowerBound]
            for (index, number) in run.enumerated() {
                // Includes the separator before the next number.
                let end = index + 1 < run.count ? run[index + 1].place.lowerBound : number.place.upperBound
                let source = pieces[number.place.lowerBound].source.lowerBound..<pieces[end - 1].source.upperBound
                result += number.bytes.map { Piece($0, from: source) }
            }
            done = last.place.upperBound
        }
        var index = 0
        while index < pieces.count {
            guard pieces[index].isPartOfWord else {
                index += 1
                continue
            }
            let end = pieces[index...].firstIndex { !$0.isPartOfWord } ?? pieces.count
            if let number = read(index..<end) { run.append(number) } else { endRun() }
            index = end
        }
        endRun()
        guard !isSame else { return nil }
        return result + pieces[done...]
    }
}
