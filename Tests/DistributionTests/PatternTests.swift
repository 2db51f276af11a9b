import Testing

@testable import Distribution

@Suite struct PatternTests {
    private func matches(_ pattern: String, _ text: String, _ subject: Pattern.Subject = .file) throws -> Bool {
        try Pattern(pattern, for: subject).matches(text)
    }

    @Test(
        "A pattern matches the whole text or nothing",
        arguments: [
            ("a", ["a"], ["", "b", "aa", "A", "a/a"]),
            ("*", ["a", "abc", "..."], ["a/b", "a/", "/"]),
            ("a*", ["a", "abc"], ["b", "ba", "a/b"]),
            ("*c", ["c", "abc", "cc"], ["abcd", "a/c"]),
            ("a*c", ["ac", "abc", "acac", "aXcXc"], ["acd", "a/c", "bc"]),
            ("*.tls.*", ["a.tls.b", ".tls.", "a.tls.tls.b"], ["a.tls", "tls", "a/b.tls.c"]),
            ("**", ["a", "a/b", "a/b/c"], []),
            ("***", ["a", "a/b"], []),
            ("certs/*", ["certs/a"], ["certs", "certs/a/b", "xcerts/a", "certsa"]),
            ("certs/**", ["certs/a", "certs/a/b"], ["certs", "certs2/a"]),
            ("**/tls.key", ["tls.key", "a/tls.key", "a/b/tls.key"], ["xtls.key", "a/xtls.key", "tls.key/a"]),
            ("a/**/b", ["a/b", "a/x/b", "a/x/y/b", "a/b/b"], ["ab", "axb", "a/xb", "a/bx", "xa/b"]),
            ("**/**/b", ["b", "x/b", "x/y/b"], ["xb"]),
            ("a**b", ["ab", "a/b", "axx/yb"], ["abc", "xab"]),
            ("**.key", [".key", "a.key", "a/b.key"], ["a.keys"]),
            ("*/**/*b", ["a/b", "a/c/xb"], ["b", "a/b/c"]),
            ("?", ["a", "é", "e\u{301}", "👩‍👩‍👧"], ["", "ab", "/"]),
            ("a?c", ["abc", "a.c"], ["ac", "a/c", "abbc"]),
            ("[abc]", ["a", "b", "c"], ["d", "A", "ab", ""]),
            ("[a-c]x", ["ax", "cx"], ["dx", "-x", "x"]),
            ("[a-cx0-9]", ["b", "x", "5"], ["d", "-"]),
            ("[!a-c]", ["d", "-", "é"], ["a", "b", "/", ""]),
            ("a[.-0]b", ["a.b", "a0b"], ["a/b", "a1b"]),
            ("[-a]", ["-", "a"], ["b"]),
            ("[a-]", ["-", "a"], ["b"]),
            ("[a!]", ["!", "a"], ["b"]),
            ("[\\]\\-]", ["]", "-"], ["\\"]),
            ("[*?]", ["*", "?"], ["a"]),
            ("\\*", ["*"], ["a", "\\*"]),
            ("\\[a\\]", ["[a]"], ["a"]),
            ("a\\b", ["ab"], ["a\\b"]),
            ("{a,b}", ["{a,b}"], ["a"]),
            ("a]-!", ["a]-!"], []),
            (".", [], []),
        ].filter { !$0.1.isEmpty })
    func whole(pattern: String, yes: [String], no: [String]) throws {
        for text in yes { #expect(try matches(pattern, text), "\(text)") }
        for text in no { #expect(try !matches(pattern, text), "\(text)") }
    }

    @Test("A pattern matches every spelling with which a snapshot finds a file")
    func canonicalEquivalence() throws {
        let (composed, decomposed) = ("caf\u{e9}/key", "cafe\u{301}/key")
        #expect([composed: 1][decomposed] == 1)
        for text in [composed, decomposed] {
            for pattern in [composed, decomposed, "caf?/*", "caf[\u{e9}]/key", "caf[e\u{301}]/key"] {
                #expect(try matches(pattern, text), "\(pattern)")
            }
            for pattern in ["cafe*/key", "caf[a-z]/key", "caf[!\u{e9}]/key"] {
                #expect(try !matches(pattern, text), "\(pattern)")
            }
        }
    }

    @Test("A slash followed by a combining mark is a slash, as in the kernel")
    func combinedSlash() throws {
        let text = "a/\u{301}b"
        #expect(try !matches("*", text))
        #expect(try !matches("a?b", text))
        #expect(try !matches("a[!x]b", text))
        #expect(try matches("a/*b", text))
        #expect(try matches(text, text))
    }

    @Test("A namespace pattern matches names")
    func namespaces() throws {
        for pattern in ["team-*", "*", "**", "team-[a-z]", "team-?", "[!k]*"] {
            #expect(try matches(pattern, "team-a", .namespace), "\(pattern)")
        }
        #expect(try !matches("team-*", "ateam-a", .namespace))
    }

    @Test(
        "A hostile pattern takes at most its length times that of the text",
        arguments: [
            String(repeating: "*a", count: 1000) + "b", String(repeating: "**a", count: 1000) + "b",
            String(repeating: "**/", count: 1000) + "b", String(repeating: "*", count: 4000) + "b",
            String(repeating: "*?", count: 1000) + "b", String(repeating: "*[!b]", count: 700) + "b",
            String(repeating: "**/*a", count: 800) + "/b",
        ])
    func hostile(pattern: String) throws {
        let compiled = try Pattern(pattern, for: .file)
        let (plain, deep) = (String(repeating: "a", count: 2000), String(repeating: "a/", count: 1000) + "a")
        // Backtracking would not end in the lifetime of the machine.
        #expect(!compiled.matches(plain))
        #expect(!compiled.matches(deep))
    }

    @Test("The pattern agrees with a matcher that tries everything, on all short texts and patterns")
    func agreesWithTrials() throws {
        let (letters, symbols): ([Character], [Character]) = (["a", "b", "/"], ["a", "b", "/", "*", "?"])
        let texts = words(of: letters, upTo: 4)
        for pattern in words(of: symbols, upTo: 4) {
            guard let compiled = try? Pattern(pattern, for: .file) else { continue }
            for text in texts {
                let expected = Self.tries(Array(pattern), Array(text))
                #expect(compiled.matches(text) == expected, "\(pattern) on \(text)")
            }
        }
    }

    private func words(of letters: [Character], upTo length: Int) -> [String] {
        var all: [String] = []
        var last = [""]
        for _ in 0..<length {
            last = last.flatMap { word in letters.map { word + String($0) } }
            all += last
        }
        return all
    }

    /// Exponential, and a direct translation of the documentation.
    private static func tries(_ pattern: [Character], _ text: [Character], afterSlash: Bool = true) -> Bool {
        guard let first = pattern.first else { return text.isEmpty }
        if first == "*" {
            let stars = pattern.prefix { $0 == "*" }.count
            let rest = Array(pattern.dropFirst(stars))
            if stars > 1, afterSlash, rest.first == "/", tries(Array(rest.dropFirst()), text) { return true }
            for count in 0...text.count {
                if stars == 1, text.prefix(count).contains("/") { return false }
                if tries(rest, Array(text.dropFirst(count)), afterSlash: false) { return true }
            }
            return false
        }
        guard let character = text.first, first == character || (first == "?" && character != "/") else { return false }
        return tries(Array(pattern.dropFirst()), Array(text.dropFirst()), afterSlash: first == "/")
    }

    @Test(
        "A nonsensical pattern is rejected with a reason",
        arguments: [
            ("", Pattern.Subject.file, "is empty"), ("", .namespace, "is empty"),
            (String(repeating: "a", count: 4097), .file, "is 4097 bytes long, expected at most 4096"),
            ("/a", .file, "an absolute path"), ("a//b", .file, "cannot match a source file"),
            ("a/", .file, "cannot match a source file"), ("a/../b", .file, "cannot match a source file"),
            ("./a", .file, "cannot match a source file"), ("..data/a", .file, "names that the volume reserves"),
            ("..*", .file, "names that the volume reserves"),
            ("a\\", .file, "ends with \"\\\""), ("a\\/b", .file, "ends with \"\\\""),
            ("[", .file, "has \"[\" without \"]\""), ("[a", .file, "has \"[\" without \"]\""),
            ("[a/b]", .file, "has \"[\" without \"]\""), ("[a-", .file, "has \"[\" without \"]\""),
            ("[]", .file, "has an empty \"[]\""), ("[!]", .file, "has an empty \"[]\""),
            ("[]a]", .file, "has an empty \"[]\""), ("[^a]", .file, "expected \"[!\""),
            ("[[:alpha:]]", .file, "has \"[\" between brackets"), ("[z-a]", .file, "has the range \"z-a\""),
            ("[a-é]", .file, "has the range \"a-é\""), ("*\u{301}", .file, "has a combining mark after \"*\""),
            ("[a]\u{301}", .file, "has a combining mark after \"]\""),
            ("a/b", .namespace, "a namespace name has no \"/\""), ("Team", .namespace, "because of \"T\""),
            ("a.b", .namespace, "because of \".\""), ("é", .namespace, "because of \"é\""),
        ])
    func refused(pattern: String, subject: Pattern.Subject, reason: String) {
        let error = #expect(throws: PatternError.self) { try Pattern(pattern, for: subject) }
        #expect(error?.message.contains(reason) == true, "\(error?.message ?? "")")
        #expect(error?.message.contains("xpected") == true || subject == .namespace)
    }
}

extension Pattern {
    fileprivate func matches(_ text: String) -> Bool {
        let automaton = PatternAutomaton([self])
        return automaton.hasMatched(0, in: automaton.run(text, automaton.selection(of: 0..<1)))
    }
}
