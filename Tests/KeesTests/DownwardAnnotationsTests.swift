import Formats
import Testing

@testable import Kees

@Suite("The file of a downward API volume")
struct DownwardAnnotationsTests {
    private func parse(_ text: String) throws -> [String: String] {
        Dictionary(try DownwardAnnotations.parse(Array(text.utf8)).map { ($0.key, $0.value) }) { $1 }
    }

    @Test("holds a quoted value on each line, with Go's escapes")
    func lines() throws {
        let text = #"""
            a="1"
            empty=""
            example.com/b="x=\"y\",\\\n\t\r\a\b\f\v\x7f\u00e9\U0001f600é"
            """#
        #expect(
            try parse(text) == [
                "a": "1", "empty": "", "example.com/b": "x=\"y\",\\\n\t\r\u{7}\u{8}\u{c}\u{b}\u{7f}é😀é",
            ])
        #expect(try parse("") == [:])
        #expect(try parse("a=plain text\n") == ["a": "plain text"])
    }

    @Test(
        "that is damaged is rejected with the line",
        arguments: [
            (#"a="1"#, 1), (#"a="1\""#, 1), ("a", 1), ("a=\"1\"\nb=\"\\q\"", 2), (#"a="\x4""#, 1), (#"a="\ud800""#, 1),
            (#"a="\U00110000""#, 1), (#"a="\xff""#, 1), (#"a="x"y""#, 1), ("a=\"", 1),
        ])
    func damaged(text: String, line: Int) {
        #expect { try parse(text) } throws: { "\($0)".contains("on line \(line), expected") }
    }
}
