@testable import Distribution
@testable import Stores

enum PolicyTargets {
    /// Any bytes are a policy without problems, or problems without a policy.
    static let policy: Fuzz.Target = { bytes in
        let parsed = PolicyManifest.parse(bytes, file: "file")
        Fuzz.require((parsed.policy == nil) != parsed.problems.isEmpty, "a policy has no problems")
        for problem in parsed.problems {
            Fuzz.require((0...(bytes.count + 2)).contains(problem.line), "a problem names a line of the file")
            Fuzz.require(Fuzz.isOneLine(problem.description.onOneLine), "a problem can be shown on one line")
        }
        guard let policy = parsed.policy else { return }
        let names = ["a", "a/b", "tls.key", "\u{212a}ey", "Key", "\u{37e}", ";", "\u{1fef}", "`"]
        let files = names.compactMap { try? SourcePath($0) }
        let denied = policy.denied(files + files, to: "web")
        for file in files {
            Fuzz.require(
                policy.denied([file], to: "web") == denied.filter { $0 == file }, "a file is judged on its own")
        }
        Fuzz.require(Set(denied).count == denied.count, "each file is denied once")
        if policy.rules.isEmpty {
            Fuzz.require(denied == (policy.default == .deny ? files : []), "the default applies")
        }
        for rule in policy.rules {
            Fuzz.require(!rule.namespaces.isEmpty && !rule.files.isEmpty, "a rule has namespaces and files")
            for pattern in rule.namespaces { check(pattern, for: .namespace) }
            for pattern in rule.files { check(pattern, for: .file) }
            // A rule that permits a file in a namespace permits it whatever other rules contain.
            guard rule.namespaces.contains(where: { matches($0, "web") }) else { continue }
            let given = files.filter { file in rule.files.contains { matches($0, file.text) } }
            Fuzz.require(given.allSatisfy { !denied.contains($0) }, "a file that a rule permits is not denied")
        }
    }

    private static func check(_ pattern: Pattern, for subject: Pattern.Subject) {
        Fuzz.require(
            (try? Pattern(pattern.description, for: subject)) == pattern, "a pattern's text is a valid pattern")
    }

    /// A pattern and a text separated by NUL: they match if the slow implementation agrees.
    static let pattern: Fuzz.Target = { bytes in
        let parts = bytes.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false).map { Fuzz.text($0) }
        let text = parts.count > 1 ? parts[1] : ""
        let pattern: Pattern
        do throws(PatternError) {
            pattern = try Pattern(parts[0], for: .file)
        } catch {
            Fuzz.require(Fuzz.isOneLine(error.message), "a pattern's problem is one line")
            return
        }
        if let other = try? Pattern(parts[0], for: .namespace) {
            Fuzz.require(other == pattern, "a pattern is the same for namespaces and files")
        }
        if let path = try? SourcePath(parts[0]), !parts[0].utf8.contains(where: { "*?[\\".utf8.contains($0) }) {
            Fuzz.require(matches(pattern, path.text), "a name matches itself")
        }
        if bytes.count <= 48, parts[0].utf8.count(where: { $0 == UInt8(ascii: "*") }) <= 8 {
            Fuzz.require(matches(pattern, text) == SlowPattern.matches(parts[0], text), "both implementations agree")
        }
        // Checks how the time grows, not how long it is: with each `*` a slow implementation would exceed any time
        // limit.
        guard bytes.count <= 16, let long = try? Pattern(repeated(parts[0]), for: .file) else { return }
        _ = matches(long, repeated(text))
    }

    private static func matches(_ pattern: Pattern, _ text: String) -> Bool {
        let automaton = PatternAutomaton([pattern])
        return automaton.hasMatched(0, in: automaton.run(text, automaton.selection(of: 0..<1)))
    }

    private static func repeated(_ text: String) -> String { String(repeating: text, count: 40) }
}
