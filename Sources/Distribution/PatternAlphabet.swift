extension PatternAutomaton {
    /// The characters that some patterns tell apart, each with a row of its own; all others share the first one.
    struct Alphabet: Sendable {
        /// Canonically equal characters are one: `K` and the Kelvin sign, U+212A.
        private var rows: [Character: Int] = [:]
        /// The same by ASCII character, to look up most characters faster.
        private var ascii = [Int](repeating: 0, count: 128)
        let slash = 1
        /// Rows.
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
            // Not by `asciiValue`: CR LF has that of LF.
            if character.utf8.count == 1, let value = character.utf8.first {
                ascii[Int(value)]
            } else {
                rows[character, default: 0]
            }
        }

        fileprivate func row(of byte: UInt8) -> Int { ascii[Int(byte)] }

        /// Whether each byte of `text` is a character.
        static func isASCII(_ text: String) -> Bool { text.utf8.allSatisfy { $0 < 0x80 && $0 != 0x0d } }
    }

    /// The rows of a text's characters, found one at a time: most texts are decided before their end.
    struct Rows: IteratorProtocol {
        private let alphabet: Alphabet
        /// Of a text in ASCII.
        private var bytes: String.UTF8View.Iterator?
        /// Of another: those of the component that is read.
        private var characters = "".makeIterator()
        /// What is behind the slash that ends the component; nil behind the last one.
        private var rest: Substring.UnicodeScalarView?

        init(of text: String, in alphabet: Alphabet) {
            self.alphabet = alphabet
            if Alphabet.isASCII(text) { bytes = text.utf8.makeIterator() } else { enter(text.unicodeScalars[...]) }
        }

        /// Begins a component. By scalars, as a path is split: a slash is one also with a combining mark behind it.
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
    /// All that stand in it.
    var characters: [Character] {
        let inRanges = ranges.flatMap { range in
            range.map { Character(UnicodeScalar($0)) } + (range.contains(0x0a) ? ["\r\n"] : [])
        }
        return members + inRanges
    }
}

extension Pattern.Step {
    /// It takes any character but a slash, if the character is in none of its own sets.
    var isCommon: Bool {
        switch self {
        case .one: true
        case .set(let set): set.isNegated
        case .literal, .many, .all, .folders: false
        }
    }
}
