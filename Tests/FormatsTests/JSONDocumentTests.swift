import Snapshots
import TestTraits
import Testing

@testable import Formats

@Suite(.tags(.unsafeMemory)) struct JSONDocumentTests {
    private func document(_ json: String) throws(FormError) -> JSONDocument {
        try read(json.utf8) { (json) throws(FormError) in try JSONDocument(json) }
    }

    private func value(_ pointer: String, _ json: String) throws(FormError) -> String? {
        try document(json).value(at: try JSONPointer(pointer))?.text
    }

    private func members(_ pointer: String, _ json: String) throws(FormError) -> [Entry]? {
        try document(json).members(at: try JSONPointer(pointer))?.map { Entry($0) }
    }

    private func problem(_ json: String) -> String? {
        failure { () throws(FormError) in _ = try document(json) }
    }

    /// RFC 6901, section 5.
    @Test(arguments: [
        (
            "",
            #"{"foo":["bar","baz"],"":0,"a/b":1,"c%d":2,"e^f":3,"g|h":4,"i\\j":5,"k\"l":6," ":7,"m~n":8}"#
        ),
        ("/foo", #"["bar","baz"]"#), ("/foo/0", "bar"), ("/", "0"), ("/a~1b", "1"), ("/c%d", "2"), ("/e^f", "3"),
        ("/g|h", "4"), (#"/i\j"#, "5"), (#"/k"l"#, "6"), ("/ ", "7"), ("/m~0n", "8"),
    ])
    func `the examples of the RFC are found`(pointer: String, expected: String) throws {
        let json = #"""
            {
               "foo": ["bar", "baz"],
               "": 0,
               "a/b": 1,
               "c%d": 2,
               "e^f": 3,
               "g|h": 4,
               "i\\j": 5,
               "k\"l": 6,
               " ": 7,
               "m~n": 8
            }
            """#
        #expect(try value(pointer, json) == expected)
    }

    @Test(arguments: [
        (#""a\n\"\\\/\u0000é\ud83d\ude00""#, "a\n\"\\/\0é😀"), (#""""#, ""), ("-0.50e+01", "-0.50e+01"),
        ("12345678901234567890123", "12345678901234567890123"), ("true", "true"), ("false", "false"),
        (" [ 1 ,\t\"a b\" , { \"c\\\" d\" : [ ] } ]\r\n", #"[1,"a b",{"c\" d":[]}]"#),
        (#"{ "b" : "\u00e9" , "a" : "\\" }"#, #"{"b":"\u00e9","a":"\\"}"#), ("{ }", "{}"), ("[\n]", "[]"),
    ])
    func `a string is its text, and any other value is as written without white space`(
        json: String, expected: String
    ) throws {
        #expect(try value("", json) == expected)
        #expect(try value("/a", "{\"a\":\(json)}") == expected)
        #expect(try value("/1", "[0, \(json)]") == expected)
    }

    @Test(arguments: [
        ("", "null"), ("/a", "null"), ("/a", "{}"), ("/a", #"{"a":null}"#), ("/a/b", #"{"a":null}"#),
        ("/a", #"{"b":1,"c":2}"#), ("/b", #"{"a":1,"c":2}"#), ("/d", #"{"a":1,"c":2}"#), ("/0", "[]"),
        ("/1", "[1]"), ("/-", "[1]"), ("/99999999999999999999", "[1]"), ("/0", "[null]"), ("/0", #"{"a":1}"#),
        ("/a/", #"{"a":{}}"#),
    ])
    func `a missing value and null have no value`(pointer: String, json: String) throws {
        #expect(try value(pointer, json) == nil)
        #expect(try members(pointer, json) == nil)
    }

    @Test(arguments: [
        ("/a", #""x""#, "is a string, expected an object or a list"),
        ("/a/b", #"{"a":"x"}"#, #"has a string at "/a", expected an object or a list"#),
        ("/a/b", #"{"a":1}"#, #"has a number at "/a", expected an object or a list"#),
        ("/a/0/b", #"{"a":[true]}"#, #"has a boolean at "/a/0", expected an object or a list"#),
        ("/a", "[]", "is a list, expected the pointer to continue with an index"),
        ("/a/01", #"{"a":[]}"#, #"has a list at "/a", expected the pointer to continue with an index"#),
        ("/", "[1]", "is a list, expected the pointer to continue with an index"),
        ("/+1", "[1]", "is a list, expected the pointer to continue with an index"),
        ("/-1", "[1]", "is a list, expected the pointer to continue with an index"),
        ("/1e0", "[1]", "is a list, expected the pointer to continue with an index"),
        ("/٠", "[1]", "is a list, expected the pointer to continue with an index"),
    ])
    func `a pointer that does not fit the document is an error`(pointer: String, json: String, problem: String) {
        #expect(failure { () throws(FormError) in _ = try value(pointer, json) } == problem)
    }

    @Test func `the members of an object are sorted, without those that are null`() throws {
        let json = #"{"b":1,"é":[ ],"a\u0062":"x\ty","B":{"a": null},"n":null,"":true}"#
        let expected = [
            Entry("", "true"), Entry("B", #"{"a":null}"#), Entry("ab", "x\ty"), Entry("b", "1"), Entry("é", "[]"),
        ]
        #expect(try members("", json) == expected)
        #expect(try members("/x/0", "{\"x\":[\(json)]}") == expected)
        #expect(try members("", "{}") == [])
        #expect(try members("/a", #"{"a":{"b":null}}"#) == [])
    }

    @Test(arguments: [
        ("", "[]", "is a list, expected an object"), ("", "1", "is a number, expected an object"),
        ("/a", #"{"a":"x"}"#, #"has a string at "/a", expected an object"#),
    ])
    func `only an object has members`(pointer: String, json: String, problem: String) {
        #expect(failure { () throws(FormError) in _ = try members(pointer, json) } == problem)
    }

    @Test func `names are compared by their bytes`() throws {
        let json = "{\"\u{e9}\":1,\"e\u{301}\":2}"
        #expect(try value("/\u{e9}", json) == "1")
        #expect(try value("/e\u{301}", json) == "2")
        let marks = String(repeating: "\u{301}", count: 100)
        #expect(try value("/\(marks)", "{\"\(marks)\":\"\(marks)\"}") == marks)
    }

    @Test(arguments: [
        ("", "is empty, expected JSON"), (" \n", "is empty, expected JSON"),
        ("\u{feff}{}", "starts with a byte order mark, expected JSON without it"),
        ("hunter2", "is not valid JSON: unexpected character at line 1, column 1"),
        ("{\n \"é\": x}", "is not valid JSON: unexpected character at line 2, column 7"),
        ("[1,]", "is not valid JSON: unexpected character at line 1, column 4"),
        ("{} {}", "is not valid JSON: unexpected character at line 1, column 4"),
        ("[1", "is not valid JSON: it ends before its value is complete"),
        (#"["a"#, "is not valid JSON: it ends before its value is complete"),
        ("[01]", #"is not valid JSON: the number at "/0" is invalid"#),
        ("-", #"is not valid JSON: the number at "" is invalid"#),
        (#"{"a":["\x"]}"#, #"is not valid JSON: the string at "/a/0" has an invalid escape or a control character"#),
        (#"["\ud800"]"#, #"is not valid JSON: the string at "/0" has an invalid escape or a control character"#),
        ("[\"\t\"]", #"is not valid JSON: the string at "/0" has an invalid escape or a control character"#),
        (
            #"{"a":{"\u12":1}}"#,
            #"is not valid JSON: a name in the object at "/a" has an invalid escape or a control character"#
        ),
        (#"{"a":1,"b":2,"a":3}"#, #"has two members "/a", expected each name once in an object"#),
        (#"[{"a/~":1,"\u0061\/~":1}]"#, #"has two members "/0/a~1~0", expected each name once in an object"#),
        (#"{"\u0000":1,"\u0000":1}"#, #"has two members "/\0", expected each name once in an object"#),
    ])
    func `text that is not valid is rejected with the place`(json: String, problem: String) {
        #expect(self.problem(json) == problem)
    }

    @Test func `bytes that are not UTF-8 are rejected`() {
        for bad: [UInt8] in [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xe2, 0x82]] {
            let bytes = Array("{\n\"a\":\"".utf8) + bad + Array("\"}".utf8)
            let found = failure { () throws(FormError) in
                _ = try read(bytes) { (json) throws(FormError) in try JSONDocument(json) }
            }
            #expect(found == "is not UTF-8 at line 2, expected JSON in UTF-8")
        }
    }

    @Test func `a text can be nested in 100 objects and lists`() throws {
        let nested = { (depth: Int) in String(repeating: "[", count: depth) + String(repeating: "]", count: depth) }
        let pointer = String(repeating: "/0", count: 99)
        #expect(try value(pointer, nested(100)) == "[]")
        let tooDeep = try #require(problem(nested(101)))
        #expect(tooDeep.starts(with: "is nested too deeply at \"/0/0"))
        #expect(tooDeep.utf8.count < 500)
        #expect(problem(nested(100_000)) == tooDeep)
    }

    @Test func `a text can have 100,000 values`() throws {
        let list = { (count: Int) in "[" + String(repeating: "1,", count: count - 1) + "1]" }
        #expect(try value("/99998", list(99_999)) == "1")
        #expect(problem(list(100_000)) == "has more than 100000 values")
    }

    @Test func `an object with many members is searched by name`() throws {
        let names = (0..<20_000).map { "name\($0)" }
        let document = try document("{" + names.map { "\"\($0)\":\"\($0)\"" }.joined(separator: ",") + "}")
        for name in names { #expect(try document.value(at: JSONPointer("/\(name)"))?.text == name) }
    }

    @Test func `a place in an error is short and on one line`() throws {
        let name = String(repeating: "a\u{2028}", count: 10_000)
        let found = try #require(problem("{\"\(name)\":{\"\(name)\":[01]}}"))
        #expect(found.utf8.count < 500)
        #expect(!found.contains("\u{2028}"))
    }

    @Test func `a document cannot be printed`() throws {
        let document = try document(#"{"user":"hunter2"}"#)
        var dumped = ""
        dump(document, to: &dumped)
        for text in ["\(document)", String(reflecting: [document]), dumped] {
            #expect(!text.contains("hunter2"))
            // "hunter" as decimal bytes.
            #expect(!text.contains("104, 117"))
        }
    }
}
