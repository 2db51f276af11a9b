import Testing

@testable import Formats

struct PropertiesFileTests {
    private func entries(_ text: String) throws(FormError) -> [Entry] {
        try read(text.utf8) { (text) throws(FormError) in try PropertiesFile.parse(text) }.map { Entry($0) }
    }

    /// The first six lines are examples of the documentation of `java.util.Properties.load`.
    @Test(arguments: [
        ("Truth = Beauty", "Truth", "Beauty"), (" Truth:Beauty", "Truth", "Beauty"),
        ("Truth                    :Beauty", "Truth", "Beauty"),
        (
            "fruits                           apple, banana, pear, \\\n"
                + "                                 cantaloupe, watermelon, \\\n"
                + "                                 kiwi, mango",
            "fruits", "apple, banana, pear, cantaloupe, watermelon, kiwi, mango"
        ),
        (#"\:\=:"#, ":=", ""), ("a=b", "a", "b"), ("a==b", "a", "=b"), ("a = : b ", "a", ": b "), ("a b=c", "a", "b=c"),
        ("a\u{c}\t b", "a", "b"), ("=b", "", "b"), ("a=", "a", ""), (#"a\ b c"#, "a b", "c"),
        (#"a\\=b"#, #"a\"#, "b"), (#"a=\t\n\r\f\b\q\"\\"#, "a", "\t\n\r\u{c}bq\"\\"),
        (#"\u0061=\u00e9\u20AC\ud83d\ude00"#, "a", "é€😀"), (#"a=\u0000"#, "a", "\0"), (#"a=\\u0061"#, "a", #"\u0061"#),
        (#"\é=\é"#, "é", "é"), ("a=b # c ! d", "a", "b # c ! d"), ("a=b\\\n# c", "a", "b# c"),
        ("a=b\\\r\n  c", "a", "bc"), ("a=b\\\rc", "a", "bc"), ("a\\\n\\\n b=c", "ab", "c"), ("a=b\\\n\n", "a", "b"),
        ("a=b\\", "a", "b"), ("a=b\\\\\n", "a", "b\\"), ("\\\n# a", "#", "a"), ("\u{feff}a=b", "a", "b"),
        ("a=b\0c", "a", "b\0c"),
    ])
    func `a line has a key and a value`(text: String, key: String, value: String) throws {
        #expect(try entries(text) == [Entry(key, value)])
    }

    @Test func `blank lines and comments are ignored, and keys are in the order of the file`() throws {
        let text = "# a \\\n! b\r\n\n \t\u{c}\n  #c\nb=1\r\ra=2\r\n\\\n\nc=3\n\\"
        #expect(try entries(text) == [Entry("b", "1"), Entry("a", "2"), Entry("c", "3")])
        #expect(try entries("") == [])
    }

    @Test(arguments: [
        #"a=\u12"#, #"a=\u12g4"#, #"\uu0061=1"#, #"a=\ud83d"#, #"a=\ud83dx"#, #"a=\ud83d\u0061"#, #"a=\ude00"#,
        #"a=\u"#, "a=b\\\n\\u00",
    ])
    func `an invalid escape is rejected`(text: String) {
        let found = failure { () throws(FormError) in _ = try entries("x=1\\\n2\n# c\n\(text)\ny=2") }
        #expect(found?.starts(with: "has an invalid escape in the entry on line 4") == true)
    }

    @Test(arguments: ["cheeses", "a=b\nhunter2\n", "hunter\\ 2"])
    func `a key without a separator is rejected, and not quoted`(text: String) throws {
        let found = try #require(failure { () throws(FormError) in _ = try entries(text) })
        #expect(found.hasPrefix("has no \"=\" in the entry on line") && !found.contains("hunter"))
    }

    @Test func `a key that occurs twice is rejected, whatever its escapes`() {
        let found = failure { () throws(FormError) in _ = try entries("a=1\r\n\nb\\\n=2\n\\u0061 3\n") }
        #expect(found == "has the same key on lines 1 and 5, expected each key once")
        // Equal in Swift, but not to a reader of bytes.
        #expect(throws: Never.self) { try entries("\u{e9}=1\ne\u{301}=2") }
    }

    @Test func `bytes that are not UTF-8 are rejected`() {
        let found = failure { () throws(FormError) in
            _ = try read(Array("a=1\nb=".utf8) + [0xe9]) { (text) throws(FormError) in try PropertiesFile.parse(text) }
        }
        #expect(found == "is not UTF-8 at line 2, expected properties in UTF-8")
    }
}
