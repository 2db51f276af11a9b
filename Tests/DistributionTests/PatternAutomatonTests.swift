import Testing

@testable import Distribution

@Suite struct PatternAutomatonTests {
    private struct Lot: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state ^ state >> 29
        }
    }

    /// Difficult cases: several stars, folders, sets with ranges, characters that look the same, CR LF.
    private static let parts = [
        "a", "b", "/", "*", "**", "**/", "?", "[ab]", "[!a]", "[a-c]", "[!-.0-9]", "[\u{e9}x]", "[!\u{e9}]", "\u{e9}",
        "e\u{301}", "[\u{1}-~]", "\\*", "\r\n", "x", "K", "\u{212a}", ";", "\u{37e}", "`", "\u{1fef}", "[A-Z]", "[!;]",
        "[\u{212a}x]", "[!\u{1fef}]",
    ]
    private static let letters = [
        "a", "b", "c", "/", "\u{e9}", "e\u{301}", "e", "*", "5", "\r\n", "\n", "\u{301}", "👩‍👧",
        "K", "\u{212a}", ";", "\u{37e}", "`", "\u{1fef}",
    ]

    private static func pattern(_ random: inout Lot) -> Pattern {
        while true {
            let count = Int.random(in: 1...9, using: &random)
            let text = (0..<count).compactMap { _ in parts.randomElement(using: &random) }.joined()
            if let pattern = try? Pattern(text, for: .file) { return pattern }
        }
    }

    private static func text(_ random: inout Lot) -> String {
        (0..<Int.random(in: 0...9, using: &random)).compactMap { _ in letters.randomElement(using: &random) }.joined()
    }

    /// So many patterns that they fill words and cross their borders.
    @Test("Many patterns at once have the same results as each alone", arguments: 1...12 as ClosedRange<UInt64>)
    func many(seed: UInt64) {
        var random = Lot(state: seed)
        let patterns = (0..<Int.random(in: 1...80, using: &random)).map { _ in Self.pattern(&random) }
        let references = patterns.map(ReferencePattern.init)
        let automaton = PatternAutomaton(patterns)
        let all = automaton.selection(of: patterns.indices)
        let chosen = patterns.indices.filter { _ in Bool.random(using: &random) }
        let some = automaton.selection(of: chosen)
        for _ in 0..<60 {
            let text = Self.text(&random)
            let (states, ofSome) = (automaton.run(text, all), automaton.run(text, some))
            for (index, reference) in references.enumerated() {
                let expected = reference.matches(text)
                #expect(
                    automaton.hasMatched(index, in: states) == expected,
                    "\(patterns[index]) on \(text.debugDescription)")
                let isChosen = chosen.contains(index)
                #expect(automaton.hasMatched(index, in: ofSome) == (expected && isChosen), "\(patterns[index])")
            }
        }
    }

    @Test("A pattern that is longer than a word, and steps across its border, match like short ones")
    func acrossWords() throws {
        for length in [62, 63, 64, 65, 127, 128, 129] {
            for middle in ["*", "**/", "**/**/", "*[!b]*", "**", "?", "*?*"] {
                let text = String(repeating: "a", count: length) + middle + "b/" + String(repeating: "c", count: 70)
                guard let pattern = try? Pattern(text, for: .file) else { continue }
                let reference = ReferencePattern(pattern)
                let automaton = PatternAutomaton([pattern])
                let all = automaton.selection(of: 0..<1)
                for inside in ["", "x", "x/", "x/y", "b", "xx", "/"] {
                    let candidate =
                        String(repeating: "a", count: length) + inside + "b/" + String(repeating: "c", count: 70)
                    #expect(
                        automaton.hasMatched(0, in: automaton.run(candidate, all)) == reference.matches(candidate),
                        "\(length) \(middle) on \(inside)")
                }
            }
        }
    }

    @Test(
        "An ASCII character equals its canonically equivalent character",
        arguments: [("K", "\u{212a}"), (";", "\u{37e}"), ("`", "\u{1fef}")])
    func twins(ascii: String, twin: String) throws {
        for (text, other) in [(ascii, twin), (twin, ascii)] {
            let patterns = ["\(text)ey", "[x\(text)]ey", "[!\(text)]ey", "[\u{1}-~]ey"]
            let automaton = PatternAutomaton(try patterns.map { try Pattern($0, for: .file) })
            let states = automaton.run("\(other)ey", automaton.selection(of: patterns.indices))
            #expect(patterns.indices.map { automaton.hasMatched($0, in: states) } == [true, true, false, true])
        }
    }

    @Test("A text that is processed in parts has the same result as in one part")
    func parts() throws {
        let patterns = try ["**/*-e\u{301}*", "a/*", "**"].map { try Pattern($0, for: .file) }
        let automaton = PatternAutomaton(patterns)
        let all = automaton.selection(of: patterns.indices)
        for text in ["a/b-\u{e9}/c", "a/b", "", "a/\r\n/\u{301}-e\u{301}"] {
            var (run, parts) = (automaton.run(over: text, all), 0)
            while true {
                var budget = 1
                parts += 1
                if automaton.advance(&run, by: &budget) { break }
            }
            #expect(run.states == automaton.run(text, all))
            #expect(parts > Array(text).count)
        }
    }

    @Test("The cost of a character of a text depends on the selected patterns, not on all patterns")
    func width() throws {
        let patterns = try (0..<800).map { try Pattern("**/team-\($0)/*-*.pem", for: .file) }
        let automaton = PatternAutomaton(patterns)
        #expect(automaton.selection(of: patterns.indices).width <= 800 * 20 / 64)
        #expect(automaton.selection(of: 7..<8).width <= 2)
    }

    @Test("Patterns that need more than the available memory are rejected")
    func tooMany() throws {
        let scalars = (0x4e00..<0x9e00).compactMap(UnicodeScalar.init).map { String(Character($0)) }
        let patterns = try stride(from: 0, to: scalars.count, by: 1000).map { start in
            try Pattern(scalars[start..<min(start + 1000, scalars.count)].joined(), for: .file)
        }
        #expect(PatternAutomaton.problem(of: patterns)?.contains("expected") == true)
        #expect(PatternAutomaton.problem(of: Array(patterns.prefix(2))) == nil)
        let half = (1...patterns.count).last { PatternAutomaton.problem(of: Array(patterns.prefix($0))) == nil } ?? 0
        let most = Array(patterns.prefix(half))
        #expect(PatternAutomaton.problem(of: most, most)?.contains("expected") == true, "two share the limit")
        let ascii = try (0..<250).map { _ in try Pattern(String(repeating: "?[a-z]", count: 680), for: .file) }
        #expect(PatternAutomaton.problem(of: ascii) == nil)
    }
}
