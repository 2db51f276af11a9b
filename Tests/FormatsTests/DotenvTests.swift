import Testing

@testable import Formats

struct DotenvTests {
    private func entries(_ text: String) throws(FormError) -> [Entry] {
        try read(text.utf8) { (text) throws(FormError) in try Dotenv.parse(text) }.map { Entry($0) }
    }

    @Test(arguments: [
        ("A=1", "1"), ("A=", ""), ("A= ", ""), ("A =\t1 ", "1"), ("  A=1", "1"), ("export A=1", "1"),
        ("export \t A = 1", "1"), ("\u{feff}A=1", "1"), ("A=a b  c", "a b  c"), ("A=a=b", "a=b"),
        ("A=a # comment", "a"), ("A=a\t#comment", "a"), ("A=a#b", "a#b"), ("A=#b", "#b"), ("A= # comment", ""),
        ("A=#", "#"), (#"A=a\n"b'c\"#, #"a\n"b'c\"#), ("A=$B${C}`d`", "$B${C}`d`"), ("A=é", "é"),
        ("A='a # b'", "a # b"), (#"A='a\n"\\$b'"#, #"a\n"\\$b"#), ("A=''", ""), ("A=' a '", " a "),
        ("A='a' # comment", "a"), ("A='a'  ", "a"), ("A='a\nb'", "a\nb"), ("A='a\r\nb'\r\n", "a\nb"),
        (#"A="a # b""#, "a # b"), (#"A="\n\r\t\"\\\$""#, "\n\r\t\"\\$"), (#"A="\\n""#, #"\n"#), (#"A="""#, ""),
        (#"A="$B${C}'d'""#, "$B${C}'d'"), ("A=\"a\nb\"\t# comment", "a\nb"), ("A=\"a\r\nb\"", "a\nb"),
        ("A=\"a\rb\"", "a\rb"), ("A=1\r\n", "1"), ("A=1\r", "1"), ("A=\"1\"\r\n", "1"), ("A= \r\n", ""),
    ])
    func `a value is read as its quotes say`(text: String, value: String) throws {
        #expect(try entries(text) == [Entry("A", value)])
        #expect(try entries("\(text)\n\n# comment\nB=2\n") == [Entry("A", value), Entry("B", "2")])
    }

    @Test func `keys are in the order of the file`() throws {
        let text = "\r\n# b\n  #c\n\t\nb_1=1\n_A.b-c=2\nexported=3\nexport export=4\na=5"
        let expected = [
            Entry("b_1", "1"), Entry("_A.b-c", "2"), Entry("exported", "3"), Entry("export", "4"), Entry("a", "5"),
        ]
        #expect(try entries(text) == expected)
        #expect(try entries("") == [])
        #expect(try entries("# only\n\n") == [])
    }

    @Test func `bytes that are not UTF-8 are part of a value`() throws {
        let values = try read(Array("A=".utf8) + [0xff, 0x0a]) { (text) throws(FormError) in try Dotenv.parse(text) }
        #expect(values.map(\.value.array) == [[0xff]])
    }

    @Test(arguments: ["A", "A B=1", "1A=1", "=1", "A:1", "'A'=1", "é=1", "export A", "export =1", "-A=1", "A\u{b}=1"])
    func `a line without a key is rejected`(text: String) {
        for (before, line) in [("", 1), ("A=1\n\n#\n", 4), ("A='1\n2'\r\n", 3)] {
            let found = failure { () throws(FormError) in _ = try entries("\(before)\(text)\nC=1") }
            #expect(found?.starts(with: "is not a dotenv file at line \(line): expected KEY=VALUE") == true)
        }
    }

    @Test(arguments: [
        ("B=1\nA=\"a\n\nb", "has a quote on line 2 that is not closed"),
        ("A='", "has a quote on line 1 that is not closed"),
        ("A=\"a\n\"b", "has text after the closing quote on line 2, expected a comment or the end of the line"),
        ("A='a'#b", "has text after the closing quote on line 1, expected a comment or the end of the line"),
        (#"A='it\'s'"#, "has text after the closing quote on line 1, expected a comment or the end of the line"),
        (
            "A=\"\n\\x\"",
            #"has an unknown escape on line 2, expected \n, \r, \t, \", \\ or \$ in double quotes"#
        ),
        ("A=\"\\", #"has an unknown escape on line 1, expected \n, \r, \t, \", \\ or \$ in double quotes"#),
        ("A=1\nB=a\rC=2", "has a carriage return inside line 2, expected LF or CR LF at the end of a line"),
        ("# a\rb", "has a carriage return inside line 1, expected LF or CR LF at the end of a line"),
        ("A=1\n\nB=\0", "has a NUL character on line 3"), ("A='\n\0'", "has a NUL character on line 2"),
        ("A=1\nB='\n'\nA=2", "has the same key on lines 1 and 4, expected each key once"),
    ])
    func `a line that is not valid is rejected`(text: String, problem: String) {
        #expect(failure { () throws(FormError) in _ = try entries(text) } == problem)
    }
}
