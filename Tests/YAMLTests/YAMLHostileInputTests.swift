import TestTraits
import Testing

@testable import YAML

@Suite(.tags(.unsafeMemory)) struct YAMLHostileInputTests {
    private func problem(_ text: String) -> YAMLError.Problem? {
        YAMLParser.parse(Array(text.utf8)).errors.first?.problem
    }

    @Test("Nested aliases cannot expand to billions of nodes")
    func billionLaughs() {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
        for level in 1...20 {
            let aliases = Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ", ")
            text += "a\(level): &a\(level) [\(aliases)]\n"
        }
        #expect(problem(text) == .tooLarge(limit: 100_000))
    }

    @Test("Aliases cannot repeat a long text without limit")
    func longText() {
        let text = "a: &a \(String(repeating: "x", count: 1 << 20))\nb: [\(String(repeating: "*a, ", count: 17))]\n"
        #expect(problem(text) == .tooLarge(limit: 16 << 20))
    }

    @Test("Aliases cannot nest deeper than the limit")
    func deepAliases() {
        var text = "a0: &a0 [x]\n"
        for level in 1...120 { text += "a\(level): &a\(level) [*a\(level - 1)]\n" }
        #expect(problem(text) == .tooDeep(limit: 100))
    }

    @Test("Merge keys cannot multiply beyond the limit")
    func merges() {
        var text = "a0: &a0 {k0: 1, k1: 2, k2: 3, k3: 4}\n"
        for level in 1...30 {
            let aliases = Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ", ")
            text += "a\(level): &a\(level) {<<: [\(aliases)], l\(level): 1}\n"
        }
        #expect(problem(text) == .tooLarge(limit: 100_000))
    }

    @Test("Deep nesting is rejected, in flow and in block style", arguments: ["[", "- ", "{a: ", "? "])
    func deep(unit: String) {
        #expect(problem(String(repeating: unit, count: 101) + "x") == .tooDeep(limit: 100))
        #expect(problem(String(repeating: unit, count: 100_000)) != nil)
    }

    @Test("99 levels are accepted")
    func deepEnough() throws {
        let text = String(repeating: "[", count: 99) + "1" + String(repeating: "]", count: 99)
        let document = try #require(try YAMLParser.documents(in: Array(text.utf8)).first)
        #expect(document.json() == Array(text.utf8))
    }

    @Test("Parsing a file of errors stops after some")
    func manyErrors() {
        let text = String(repeating: "---\n- @\n", count: 1000)
        #expect(YAMLParser.parse(Array(text.utf8)).errors.map(\.line) == (1...20).map { $0 * 2 })
        let mixed = String(repeating: "---\na: 1\na: 2\n", count: 1000)
        #expect(YAMLParser.parse(Array(mixed.utf8)).errors.count == 20)
    }

    @Test("No bytes crash the parser, and accepted documents are JSON", arguments: 0..<8 as Range<UInt64>)
    func garbage(seed: UInt64) {
        var random = SplitMix64(state: seed)
        let pieces: [[UInt8]] = [
            "---", "\n", "\n  ", "- ", "a: ", "? ", "[", "]", "{", "}", ",", "&a ", "*a", "!!int ", "!x ", "| ", ">\n",
            "'",
            "\"", "\\", "\t", "#", "%TAG ", "<<: ", "1", "é", "\u{2028}", "\r", "\u{FEFF}",
        ].map { Array($0.utf8) }
        for _ in 0..<400 {
            let count = Int.random(in: 0...60, using: &random)
            let bytes: [UInt8] =
                Bool.random(using: &random)
                ? (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
                : (0..<count).flatMap { _ in pieces[Int.random(in: 0..<pieces.count, using: &random)] }
            for document in YAMLParser.parse(bytes).documents {
                #expect((try? YAMLParser.documents(in: document.json()))?.count == 1)
            }
        }
    }
}

/// Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators (OOPSLA 2014).
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
