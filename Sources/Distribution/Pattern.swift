/// A shell-style pattern for the name of a namespace, or for the path of a source file.
///
/// `*` stands for any characters but `/`, `**` for any with `/`, and `**/` for nothing too, so that `**/tls.key` matches
/// `tls.key`. `?` stands for one character but `/`; `[a-z]` for one of a set, `[!a-z]` for one outside of it. A backslash
/// takes the meaning from the character behind it. The whole text has to match, and case counts.
///
/// A character is what Swift calls one, and equal if canonically equivalent: a snapshot finds its files by the same
/// equality, so that no other spelling of a path leads past a pattern. Takes time in proportion to the length of the text
/// times that of the pattern, whatever both hold.
package struct Pattern: Sendable, Equatable, CustomStringConvertible {
    enum Step: Sendable, Equatable {
        case literal(Character)
        /// `?`
        case one
        case set(CharacterSet)
        /// `*`
        case many
        /// `**`
        case all
        /// This many of the steps behind it may be left out: `**/`.
        case optional(Int)
    }

    package let description: String
    private let steps: [Step]

    init(_ text: String, steps: [Step]) {
        description = text
        self.steps = steps
    }

    package static func == (left: Pattern, right: Pattern) -> Bool { left.steps == right.steps }

    /// Whether all of `text` matches.
    ///
    /// Goes through the text once, with the set of the steps that may come next.
    package func matches(_ text: Text) -> Bool {
        // What most patterns begin with, and most texts fail at, takes no set.
        var start = 0
        while start < steps.count, case .literal(let literal) = steps[start] {
            guard start < text.characters.count, text.characters[start] == literal else { return false }
            start += 1
        }
        var states: [Int] = []
        var next: [Int] = []
        // By step: the position in the text at which it was last put into a set.
        var seen = [Int](repeating: -1, count: steps.count + 1)
        enter(start, at: start, &states, &seen)
        for index in start..<text.characters.count {
            let character = text.characters[index]
            next.removeAll(keepingCapacity: true)
            for state in states where state < steps.count {
                switch steps[state] {
                case .literal(let literal): if literal != character { continue }
                case .one: if character == "/" { continue }
                case .set(let set): if character == "/" || !set.contains(character) { continue }
                case .many:
                    if character != "/" { enter(state, at: index + 1, &next, &seen) }
                    continue
                case .all:
                    enter(state, at: index + 1, &next, &seen)
                    continue
                case .optional: continue
                }
                enter(state + 1, at: index + 1, &next, &seen)
            }
            if next.isEmpty { return false }
            swap(&states, &next)
        }
        return states.contains(steps.count)
    }

    /// Puts a step into a set, with those behind it that need no character before them.
    private func enter(_ first: Int, at position: Int, _ states: inout [Int], _ seen: inout [Int]) {
        var state = first
        while seen[state] != position {
            seen[state] = position
            states.append(state)
            guard state < steps.count else { return }
            switch steps[state] {
            case .many, .all: state += 1
            case .optional(let count):
                enter(state + 1 + count, at: position, &states, &seen)
                state += 1
            case .literal, .one, .set: return
            }
        }
    }
}

extension Pattern {
    /// A text to be matched, taken apart once for all patterns.
    package struct Text: Sendable {
        fileprivate let characters: [Character]

        package init(_ text: String) {
            guard !text.utf8.allSatisfy({ $0 < 0x80 && $0 != 0x0d }) else {
                characters = text.unicodeScalars.map { Character($0) }
                return
            }
            // By scalars, as a path is split: a slash is one also with a combining mark behind it.
            var characters: [Character] = []
            for (index, part) in text.unicodeScalars.split(separator: "/", omittingEmptySubsequences: false)
                .enumerated()
            {
                if index > 0 { characters.append("/") }
                characters += String(part)
            }
            self.characters = characters
        }
    }

    /// `[a-z_]`
    struct CharacterSet: Sendable, Equatable {
        var isNegated = false
        var members: [Character] = []
        /// Of ASCII characters.
        var ranges: [ClosedRange<UInt8>] = []

        func contains(_ character: Character) -> Bool {
            let isMember =
                members.contains(character)
                || character.asciiValue.map { value in ranges.contains { $0.contains(value) } } == true
            return isMember != isNegated
        }
    }
}
