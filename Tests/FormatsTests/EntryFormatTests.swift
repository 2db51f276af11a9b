import Snapshots
import Testing

@testable import Formats

@Suite("Files for applications")
struct EntryFormatTests {
    /// Values that each reader must get back as they are.
    static let values: [String] = [
        "", "plain", "a b", " leading and trailing ", "\ttab\t", "line\nline\n", "\n", "#", "a #b", "#a", "it's", "''",
        "\"", "\"quoted\"", "$HOME", "${HOME}", "`id`", "$(id)", "\\", "a\\b", "a\\nb", "\\\\", "a\\'b\\\"", "!", "!a",
        "=", ":a", "a=b", "~", "a:~/b", "*", "ü", "日本語 \u{1F511}", "\u{e9}\u{301}", "a\rb", "a\r\nb\r\n", "\u{c}",
        "\u{1}\u{7f}", "export A=1", "'$x' \"`y`\" \\", "-----BEGIN X-----\nab+/=\n-----END X-----\n", "\u{feff}bom",
        "a;b&c|d<e>(f)", "\u{2028}\u{85}", "%B", "-",
    ]

    private static var entries: [EntryFormat.Entry] {
        values.enumerated().map { ("V\($0.offset)", SecretBytes($0.element.utf8)) }
    }

    @Test("hold every text, and are read back as it was", arguments: EntryFormat.allCases)
    func roundTrip(_ format: EntryFormat) throws {
        let bytes = format.encode(Self.entries)
        let found = try decode(format, bytes)
        #expect(Dictionary(uniqueKeysWithValues: found.map { ($0.key, $0.value) }) == Self.expected)
        #expect(found.map(\.key) == found.map(\.key).sorted())
        #expect(try decode(format, format.encode([])).isEmpty)
    }

    private static var expected: [String: String] {
        Dictionary(uniqueKeysWithValues: values.enumerated().map { ("V\($0.offset)", $0.element) })
    }

    private func decode(_ format: EntryFormat, _ bytes: [UInt8]) throws -> [Entry] {
        try read(bytes) { (bytes) throws(FormError) in try format.decode(bytes) }.map { Entry($0) }
    }

    /// Every pair and triple of the characters that have a meaning in some format.
    @Test("hold every combination of special characters", arguments: EntryFormat.allCases)
    func combinations(_ format: EntryFormat) throws {
        let special = ["'", "\"", "\\", "$", "`", "\n", " ", "#", "=", "a", "\r", "u0041"]
        var texts: [String] = []
        for first in special {
            for second in special {
                texts.append(first + second)
                for third in special { texts.append(first + second + third) }
            }
        }
        let entries = texts.enumerated().map { ("V\($0.offset)", SecretBytes($0.element.utf8)) }
        let found = try decode(format, format.encode(entries))
        #expect(found.count == texts.count)
        for entry in found {
            let index = try #require(Int(entry.key.dropFirst()))
            // Not with `==` of strings, which takes some different texts for equal.
            #expect(Array(entry.value.utf8) == Array(texts[index].utf8))
        }
    }

    @Test("hold bytes that are no text only as kees")
    func bytes() throws {
        for bytes: [UInt8] in [[0], [0x61, 0, 0x62], [0xff], [0xc3], [0xed, 0xa0, 0x80]] {
            let value = SecretBytes(bytes)
            for format in [EntryFormat.env, .properties, .json] {
                let problem = try #require(format.problem("A", value))
                #expect(!problem.isOfKey)
                #expect(["a value without NUL bytes", "a value in UTF-8"].contains(problem.expected))
            }
            #expect(EntryFormat.kees.problem("A", value) == nil)
            let found = try read(EntryFormat.kees.encode([("A", value)])) { (text) throws(FormError) in
                try EntryFormat.kees.decode(text)
            }
            #expect(found.map(\.value.array) == [bytes])
        }
    }

    @Test("of variables take only names of variables", arguments: ["tls.crt", "a-b", "1A", "", ".a"])
    func names(_ key: String) {
        #expect(EntryFormat.env.problem(key, SecretBytes([]))?.isOfKey == true)
        #expect(EntryFormat.properties.problem(key, SecretBytes([])) == nil)
        #expect(EntryFormat.json.problem(key, SecretBytes([])) == nil)
    }

    @Test("use quotes only where a reader needs them")
    func quotes() {
        let entries = [("A", "x/y+z=="), ("B", "a b"), ("C", "it's"), ("D", "a\\\\b"), ("E", "it's $5"), ("F", "a\\b")]
            .map { ($0.0, SecretBytes($0.1.utf8)) }
        let text = String(decoding: EntryFormat.env.encode(entries), as: UTF8.self)
        #expect(text == "A=x/y+z==\nB='a b'\nC=\"it's\"\nD=\"a\\\\\\\\b\"\nE=\"it's \\$5\"\nF=\"a\\\\b\"\n")
    }

    @Test("of variables are read with a backslash in either quotes", arguments: ["A='a\\b'\n", "A=\"a\\\\b\"\n"])
    func backslash(_ text: String) throws {
        #expect(try decode(.env, Array(text.utf8)).map(\.value) == ["a\\b"])
    }

    @Test(
        "that were damaged are not read",
        arguments: [
            (EntryFormat.env, "A='x"), (.env, "A=\"x"), (.env, "A=\"\\n\"\n"), (.env, "A=x y\n"), (.env, "A"),
            (.env, "A=1\nA=2\n"), (.env, "a.b=1\n"), (.env, "A=1"), (.env, "A=\"$x\"\n"), (.json, "[]"),
            (.json, "{\"a\": 1}"), (.json, "{\"a\": \"1\", \"a\": \"2\"}"), (.json, "{"), (.properties, "A"),
            (.properties, "A=\\u00"), (.kees, "A"), (.kees, "A=?"), (.kees, "A=YQ==\nA=YQ==\n"),
        ])
    func damaged(_ format: EntryFormat, _ text: String) {
        #expect(throws: FormError.self) { try decode(format, Array(text.utf8)) }
    }
}
