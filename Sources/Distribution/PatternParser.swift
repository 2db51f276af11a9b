extension Pattern {
    /// What a pattern matches. A pattern that can never match is rejected, because it is a mistake.
    package enum Subject: Sendable {
        case namespace, file
    }

    /// - Throws: the problem of `text`, as the rest of a sentence.
    package init(_ text: String, for subject: Subject) throws(PatternError) {
        guard !text.isEmpty else { throw PatternError("is empty, expected a pattern such as \"team-*\"") }
        guard text.utf8.count <= Self.longest else {
            throw PatternError("is \(text.utf8.count) bytes long, expected at most \(Self.longest)")
        }
        // By scalars, as `SourcePath` splits paths.
        let parts = text.unicodeScalars.split(separator: "/", omittingEmptySubsequences: false).map { String($0) }
        switch subject {
        case .namespace where parts.count > 1:
            throw PatternError("is \(shown(text)), which cannot match a namespace: a namespace name has no \"/\"")
        case .file where parts.first == "":
            throw PatternError("is \(shown(text)), an absolute path; expected one relative to the mount")
        case .file where parts.contains { $0.isEmpty || $0 == "." || $0 == ".." }:
            throw PatternError(
                "is \(shown(text)), which cannot match a source file; expected one without \"//\", \".\", \"..\" and a"
                    + " trailing \"/\"")
        case .file where parts.first?.hasPrefix("..") == true:
            throw PatternError(
                "is \(shown(text)), which matches names that the volume reserves; expected the names of files")
        default: break
        }
        var steps: [Step] = []
        for (index, part) in parts.enumerated() {
            if index > 0, steps.last != .folders { steps.append(.literal("/")) }
            var parser = PatternParser(part)
            do throws(PatternError) {
                try parser.parse()
            } catch {
                throw PatternError("is \(shown(text)), which \(error.message)")
            }
            // `**` followed by a slash may match no folder.
            steps += parser.steps == [.all] && index < parts.count - 1 ? [.folders] : parser.steps
        }
        if subject == .namespace, let other = steps.compactMap(\.literal).first(where: { !$0.canStandInNamespace }) {
            throw PatternError(
                "is \(shown(text)), which cannot match a namespace because of \(shown(String(other))): a namespace name"
                    + " has lower case letters, digits and \"-\"")
        }
        self.init(text, steps: steps)
    }

    /// Bytes. The kernel accepts no longer path (path_resolution(7), PATH_MAX).
    private static let longest = 4096
}

package struct PatternError: Error, Sendable, Equatable, CustomStringConvertible {
    package let message: String
    package var description: String { message }
    init(_ message: String) { self.message = message }
}

/// Reads one component of a pattern.
private struct PatternParser {
    private var rest: Substring
    private(set) var steps: [Pattern.Step] = []

    init(_ text: String) { rest = text[...] }

    mutating func parse() throws(PatternError) {
        while let character = try next() {
            switch character {
            case "*":
                var isDouble = false
                while rest.first == "*" {
                    isDouble = true
                    rest.removeFirst()
                }
                steps.append(isDouble ? .all : .many)
            case "?": steps.append(.one)
            case "[": steps.append(.set(try set()))
            case "\\": steps.append(.literal(try escaped()))
            default: steps.append(.literal(character))
            }
        }
    }

    /// - Throws: for a special character followed by a combining mark, which make one `Character` together.
    private mutating func next() throws(PatternError) -> Character? {
        guard let character = rest.popFirst() else { return nil }
        if character.unicodeScalars.count > 1, let first = character.unicodeScalars.first,
            "*?[]\\!-".unicodeScalars.contains(first)
        {
            throw PatternError("has a combining mark after \(shown(String(first))); expected a \"\\\" before both")
        }
        return character
    }

    private mutating func escaped() throws(PatternError) -> Character {
        guard let character = rest.popFirst() else {
            throw PatternError("ends with \"\\\"; expected the escaped character after it")
        }
        return character
    }

    /// Parses the rest of a set, after `[`.
    private mutating func set() throws(PatternError) -> Pattern.CharacterSet {
        var set = Pattern.CharacterSet()
        switch rest.first {
        case "!":
            set.isNegated = true
            rest.removeFirst()
        case "^": throw PatternError("has \"[^\"; expected \"[!\" to negate the set, or \"[\\^\"")
        default: break
        }
        while let character = try next() {
            switch character {
            case "]" where set.members.isEmpty && set.ranges.isEmpty:
                throw PatternError("has an empty \"[]\"; expected characters in it, or \"\\[\"")
            case "]": return set
            case "[": throw PatternError("has \"[\" between brackets; expected \"\\[\"")
            default:
                let first = character == "\\" ? try escaped() : character
                guard rest.first == "-", rest.dropFirst().first != "]" else {
                    set.members.append(first)
                    continue
                }
                rest.removeFirst()
                guard let end = try next() else { continue }
                set.ranges.append(try range(from: first, to: end == "\\" ? try escaped() : end))
            }
        }
        throw PatternError("has \"[\" without \"]\"; expected both in one part of a path, or \"\\[\"")
    }

    private func range(from first: Character, to last: Character) throws(PatternError) -> ClosedRange<UInt8> {
        guard let low = first.asciiValue, let high = last.asciiValue, low <= high else {
            throw PatternError(
                "has the range \(shown("\(first)-\(last)")); expected two ASCII characters, the smaller first")
        }
        return low...high
    }
}

extension Pattern.Step {
    fileprivate var literal: Character? {
        if case .literal(let character) = self { character } else { nil }
    }
}

extension Character {
    /// Whether an RFC 1123 label can contain it.
    fileprivate var canStandInNamespace: Bool {
        switch self {
        case "a"..."z", "0"..."9", "-": isASCII
        default: false
        }
    }
}
