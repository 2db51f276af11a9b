extension PatternAutomaton {
    /// The characters that a list of patterns distinguishes. Each has its own row; all other characters share row 0.
    struct Alphabet: Sendable {
        /// Canonically equivalent characters share a row: `K` and the Kelvin sign, U+212A.
        private var rows: [Character: Int] = [:]
        /// The rows of ASCII characters, for a faster lookup of most characters.
        private var ascii = [Int](repeating: 0, count: 128)
        let slash = 1
        /// The number of rows.
        var count: Int { rows.count + 1 }

        init(of patterns: [Pattern]) {
            rows["/"] = slash
            for pattern in patterns {
                for step in pattern.steps {
                    switch step {
                    case .literal(let character): add(character)
                    case .set(let set): for character in set.characters { add(character) }
                    case .one, .many, .all, .folders: break
                    }
                }
            }
            for value in ascii.indices {
                ascii[value] = UnicodeScalar(value).flatMap { rows[Character($0)] } ?? 0
            }
        }

        private mutating func add(_ character: Character) {
            if rows[character] == nil { rows[character] = count }
        }

        func row(of character: Character) -> Int {
            // Not `asciiValue`: CR LF has the same one as LF.
            if character.utf8.count == 1, let value = character.utf8.first {
                ascii[Int(value)]
            } else {
                rows[character, default: 0]
            }
        }

        fileprivate func row(of byte: UInt8) -> Int { ascii[Int(byte)] }

        /// Whether each byte of `text` is one `Character`. False if there is a CR, which may be part of CR LF.
        static func isASCII(_ text: String) -> Bool { text.utf8.allSatisfy { $0 < 0x80 && $0 != 0x0d } }
    }

    /// The rows of a text's characters, found one at a time, because most texts are decided before their end.
    struct Rows: IteratorProtocol {
        private let alphabet: Alphabet
        /// Set if the text is ASCII.
        private var bytes: String.UTF8View.Iterator?
        /// For other texts, the characters of the current path component.
        private var characters = "".makeIterator()
        /// The text after the slash that ends the component; nil for the last component.
        private var rest: Substring.UnicodeScalarView?

        init(of text: String, in alphabet: Alphabet) {
            self.alphabet = alphabet
            if Alphabet.isASCII(text) { bytes = text.utf8.makeIterator() } else { enter(text.unicodeScalars[...]) }
        }

        /// Starts a component. Splits by scalars, as `SourcePath` does: a slash counts also if a combining mark follows
        /// it.
        private mutating func enter(_ text: Substring.UnicodeScalarView) {
            let slash = text.firstIndex(of: "/")
            characters = String(text[..<(slash ?? text.endIndex)]).makeIterator()
            rest = slash.map { text[text.index(after: $0)...] }
        }

        mutating func next() -> Int? {
            if bytes != nil { return bytes?.next().map(alphabet.row(of:)) }
            if let character = characters.next() { return alphabet.row(of: character) }
            guard let rest else { return nil }
            enter(rest)
            return alphabet.slash
        }
    }
}

extension Pattern.CharacterSet {
    /// All characters of the set, ignoring `isNegated`.
    var characters: [Character] {
        let inRanges = ranges.flatMap { range in
            range.map { Character(UnicodeScalar($0)) } + (range.contains(0x0a) ? ["\r\n"] : [])
        }
        return members + inRanges
    }
}

extension Pattern.Step {
    /// Whether the step matches any character except a slash, apart from the characters listed in its set.
    var isCommon: Bool {
        switch self {
        case .one: true
        case .set(let set): set.isNegated
        case .literal, .many, .all, .folders: false
        }
    }
}
