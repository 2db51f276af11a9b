extension PatternAutomaton {
    /// The characters that some patterns tell apart, each with a row of its own; all others share the first one.
    struct Alphabet: Sendable {
        private var others: [Character: Int] = [:]
        /// By ASCII character.
        private var ascii = [Int](repeating: 0, count: 128)
        /// Rows.
        private(set) var count = 1
        let slash: Int

        init(of patterns: [Pattern]) {
            (slash, count) = (1, 2)
            ascii[Int(UInt8(ascii: "/"))] = slash
            for pattern in patterns {
                for step in pattern.steps {
                    switch step {
                    case .literal(let character): add(character)
                    case .set(let set): for character in set.characters { add(character) }
                    case .one, .many, .all, .folders: break
                    }
                }
            }
        }

        private mutating func add(_ character: Character) {
            guard row(of: character) == 0 else { return }
            if let value = character.plainASCII { ascii[value] = count } else { others[character] = count }
            count += 1
        }

        func row(of character: Character) -> Int {
            if let value = character.plainASCII { ascii[value] } else { others[character, default: 0] }
        }

        /// The rows of a text's characters.
        func rows(of text: String) -> [Int] {
            if text.utf8.allSatisfy({ $0 < 0x80 && $0 != 0x0d }) { return text.utf8.map { ascii[Int($0)] } }
            // By scalars, as a path is split: a slash is one also with a combining mark behind it.
            let parts = text.unicodeScalars.split(separator: "/", omittingEmptySubsequences: false)
            return Array(parts.map { String($0).map(row) }.joined(separator: [slash]))
        }
    }
}

extension Character {
    /// The one that is an ASCII character and nothing else: CR LF has the `asciiValue` of LF.
    fileprivate var plainASCII: Int? {
        utf8.count == 1 ? utf8.first.map { Int($0) } : nil
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
