/// A shell-style pattern for the name of a namespace, or for the path of a source file.
///
/// `*` matches any characters except `/`; `**` matches any characters including `/`; `**/` also matches nothing, so
/// that `**/tls.key` matches `tls.key`. `?` matches one character except `/`, `[a-z]` one character of a set, and
/// `[!a-z]` one character outside a set. A backslash escapes the next character. The whole text must match. Case is
/// significant.
///
/// A character is a Swift `Character`, and canonically equivalent characters are equal. A snapshot finds its files with
/// the same equality, so that another spelling of a path cannot bypass a pattern. `PatternAutomaton` does the matching.
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
        /// Ranges of ASCII characters.
        var ranges: [ClosedRange<UInt8>] = []
    }
}
