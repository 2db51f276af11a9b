import Testing

@testable import Formats

struct TrimmingTests {
    @Test(arguments: [
        ("", ""), ("a", "a"), ("a\n", "a"), ("a\r\n", "a"), ("a\n\n", "a\n"), ("a\r", "a\r"), ("a\n\r\n", "a\n"),
        ("a \n", "a "), ("\n", ""), ("\r\n", ""), ("\na", "\na"), ("a\r\r\n", "a\r"),
    ])
    func `one line ending is removed at the end`(text: String, expected: String) throws {
        #expect(try read(text.utf8) { Trimming.newline.trim($0).text } == expected)
    }

    @Test(arguments: [
        ("", ""), (" ", ""), (" \t\r\n\u{b}\u{c}", ""), (" a b\n", "a b"), ("a", "a"),
        ("\u{a0}a\u{a0}", "\u{a0}a\u{a0}"),
        ("\0 ", "\0"), ("\n\na\n\n", "a"),
    ])
    func `white space of ASCII is removed at both ends`(text: String, expected: String) throws {
        #expect(try read(text.utf8) { Trimming.whiteSpace.trim($0).text } == expected)
    }
}
