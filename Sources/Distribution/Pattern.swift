/// A shell-style pattern for the name of a namespace, or for the path of a source file.
///
/// `*` stands for any characters but `/`, `**` for any with `/`, and `**/` for nothing too, so that `**/tls.key` matches
/// `tls.key`. `?` stands for one character but `/`; `[a-z]` for one of a set, `[!a-z]` for one outside of it. A backslash
/// takes the meaning from the character behind it. The whole text has to match, and case counts.
///
/// A character is what Swift calls one, and equal if canonically equivalent: a snapshot finds its files by the same
/// equality, so that no other spelling of a path leads past a pattern. `PatternAutomaton` matches.
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
        /// `**/`
        case folders
    }

    package let description: String
    let steps: [Step]

    init(_ text: String, steps: [Step]) {
        description = text
        self.steps = steps
    }

    package static func == (left: Pattern, right: Pattern) -> Bool { left.steps == right.steps }

    /// `[a-z_]`
    struct CharacterSet: Sendable, Equatable {
        var isNegated = false
        var members: [Character] = []
        /// Of ASCII characters.
        var ranges: [ClosedRange<UInt8>] = []
    }
}
