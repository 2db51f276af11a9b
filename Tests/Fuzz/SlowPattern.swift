/// A simple implementation of shell-style patterns: tries everything that a star may match. Only for valid patterns.
enum SlowPattern {
    static func matches(_ pattern: String, _ text: String) -> Bool {
        matches(characters(pattern)[...], characters(text)[...], beginsPart: true)
    }

    private static func characters(_ text: String) -> [Character] {
        let parts = text.unicodeScalars.split(separator: "/", omittingEmptySubsequences: false)
        return Array(parts.map { Array(String($0)) }.joined(separator: ["/"]))
    }

    private static func matches(
        _ pattern: ArraySlice<Character>, _ text: ArraySlice<Character>, beginsPart: Bool
    ) -> Bool {
        guard let first = pattern.first else { return text.isEmpty }
        let rest = pattern.dropFirst()
        switch first {
        case "*":
            let behind = pattern.drop { $0 == "*" }
            let isDouble = rest.first == "*"
            if isDouble, beginsPart, behind.first == "/", matches(behind.dropFirst(), text, beginsPart: true) {
                return true
            }
            let longest = isDouble ? text.count : text.prefix { $0 != "/" }.count
            return (0...longest).contains { matches(behind, text.dropFirst($0), beginsPart: false) }
        case "?":
            guard let next = text.first, next != "/" else { return false }
            return matches(rest, text.dropFirst(), beginsPart: false)
        case "[":
            guard let next = text.first, next != "/" else { return false }
            let (isMember, behind) = set(rest, next)
            return isMember && matches(behind, text.dropFirst(), beginsPart: false)
        case "\\":
            return text.first == rest.first && matches(rest.dropFirst(), text.dropFirst(), beginsPart: false)
        default: return text.first == first && matches(rest, text.dropFirst(), beginsPart: first == "/")
        }
    }

    /// Whether `character` is in the set at the start of `pattern`, and the rest of the pattern.
    private static func set(
        _ pattern: ArraySlice<Character>, _ character: Character
    ) -> (Bool, ArraySlice<Character>) {
        var rest = pattern
        let isNegated = rest.first == "!"
        if isNegated { rest.removeFirst() }
        func take() -> Character? {
            let taken = rest.popFirst()
            return taken == "\\" ? rest.popFirst() : taken
        }
        var isMember = false
        while let next = rest.first, next != "]" {
            let low = take()
            if rest.first == "-", rest.dropFirst().first != "]" {
                rest.removeFirst()
                let high = take()
                if let low = low?.asciiValue, let high = high?.asciiValue, low <= high {
                    isMember =
                        isMember
                        || (low...high).contains { value in
                            // CR LF has the value of LF; for Swift, the Kelvin sign equals K.
                            character.asciiValue == value || character == Character(UnicodeScalar(value))
                        }
                }
            } else {
                isMember = isMember || low == character
            }
        }
        return (isMember != isNegated, rest.dropFirst())
    }
}
