import Testing

@testable import JSON

struct JSONNodeTests {
    private func node(_ json: String) throws -> JSONNode { try JSONNode(json: Array(json.utf8)[...]) }

    @Test(arguments: [
        "", " ", "{", "}", "[", "]", "[1,]", "[,1]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "{1:2}", "[1 2]",
        "1 2", "[}", "{]", "[1}", "{\"a\":[}]", "NaN", "tru", "nul", "truee", "'a'", "\"", "\"\\\"", "\u{feff}[]",
    ])
    func `invalid JSON structure is rejected`(json: String) {
        #expect(throws: JSONBytes.Failure.self) { try node(json) }
    }

    @Test(arguments: [
        "\\x", "\\u12", "\\u12g4", "a\nb", "\u{1f}", "12345678\u{1}", "\\ud800", "\\ud800x", "\\udc00",
        "\\ud800\\u0041", "\\ud800\\n0041",
    ])
    func `an invalid string has no value, as a value and as a key, and the others can be read`(text: String) throws {
        let json = try node(#"{"\#(text)":1,"a":"\#(text)","b":["\#(text)"],"c":"d"}"#)
        #expect(json["c"]?.string == "d")
        #expect(json["a"]?.string == nil)
        #expect(json.members.map(\.key.string) == [nil, "a", "b", "c"])
        #expect(json.strings == nil)
        #expect(throws: JSONBytes.Failure(description: ".a is not a string")) { try json["a"]?.asString() }
        #expect(throws: JSONBytes.Failure.self) { try JSONValue(reading: json) }
    }

    @Test(arguments: ["01", "-", "+1", ".5", "1.", "1e", "1e+", "--1", "1-1", "e", "1.2.3", "1e5e5", "00", "-01"])
    func `an invalid number has no value, and the others can be read`(text: String) throws {
        let json = try node(#"{"a":\#(text),"b":[\#(text),2]}"#)
        #expect(json["a"]?.int == nil && json["a"]?.double == nil)
        #expect(json["b"]?.elements.map(\.int) == [nil, 2])
        #expect(throws: JSONBytes.Failure(description: ".a is not an integer")) { try json["a"]?.asInt() }
        #expect(throws: JSONBytes.Failure.self) { try JSONValue(reading: json) }
    }

    @Test(arguments: [
        ("{}", true), (#"{"a":1}"#, true), (#"{"b":null,"a":{"c":1}}"#, true), (#"{"a":1,"c":1}"#, false),
        (#"{"a":1,"a":1}"#, false), (#"{"A":1}"#, false), (#"{"ab":1}"#, false), (#"{"":1}"#, false),
        (#"{"\u0061":1}"#, false), (#"["a"]"#, false), (#""a""#, false),
    ])
    func `an object has only the given members if each of them occurs at most once, and no other does`(
        text: String, expected: Bool
    ) throws {
        #expect(try JSONNode(json: Array(text.utf8)[...]).hasOnly(["a", "b"]) == expected)
    }

    @Test func `bytes that are not UTF-8 make a string invalid, wherever they are in it`() throws {
        for length in 0..<20 {
            let text = Array(String(repeating: "a", count: length).utf8)
            for bad: [UInt8] in [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xe2, 0x82]] {
                #expect(try JSONNode(json: ([0x22] + text + bad + [0x22])[...]).string == nil)
            }
        }
    }

    @Test(arguments: [
        (#""""#, []), (#""a\u0000\n\"""#, [0x61, 0, 0x0a, 0x22]), (#""\ud83d\ude00é""#, Array("😀é".utf8)),
        (#""\x""#, nil), (#""\ud83d""#, nil), (#""\ude00""#, nil), ("\"\n\"", nil), ("1", nil), ("null", nil),
    ])
    func `the bytes of a string are read with its escapes decoded`(json: String, bytes: [UInt8]?) throws {
        #expect(try node(json).stringBytes.map { Array($0) } == bytes)
    }

    @Test func `the bytes of a string can have any number of combining marks, and need not be UTF-8`() throws {
        let marks = "e" + String(repeating: "\u{301}", count: 31)
        #expect(try node("\"\(marks)\"").string == nil)
        #expect(try node("\"\(marks)\"").stringBytes.map { Array($0) } == Array(marks.utf8))
        #expect(try JSONNode(json: [0x22, 0xff, 0x22]).stringBytes.map { Array($0) } == [0xff])
    }

    @Test(arguments: [
        ("{}", nil), (" [1] ", nil), ("", 0), ("  ", 2), ("[1,]", 3), ("[1 2]", 3), (#"{"a" 1}"#, 5), ("[1] x", 4),
        ("[\n  nul]", 4), (#"["a"#, 3), (#"["a\"#, 4), ("[", 1),
    ])
    func `the first byte that makes the structure invalid is found`(json: String, offset: Int?) {
        #expect(JSONNode.faultOffset(in: Array(json.utf8)) == offset)
    }

    /// Strings are scanned eight bytes at a time.
    @Test func `a quote, an escape and a control character are found at any position of a string`() throws {
        for length in 0..<24 {
            let text = String(repeating: "x", count: length)
            #expect(try node("[\"\(text)\",1]").elements.map(\.int) == [nil, 1])
            #expect(try node("\"\(text)\\n\(text)\"").string == "\(text)\n\(text)")
            #expect(try node("\"\(text)é\(text)\"").string == "\(text)é\(text)")
            #expect(try node("\"\(text)\n\(text)\"").string == nil)
        }
    }

    @Test(arguments: [
        (#""""#, ""), (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{c}\n\r\t"), (#""\u0041\u00e9\u20AC""#, "Aé€"),
        (#""\ud834\udd1e""#, "𝄞"), (#""a\u0000b""#, "a\0b"), ("\"\u{7f}\"", "\u{7f}"),
    ])
    func `escapes are decoded`(json: String, text: String) throws {
        #expect(try node(json).string == text)
    }

    @Test func `a number without a fraction is whole, however it is written`() throws {
        let list = try node("[0, -0, -7, 1.0, 1e2, 1.5, 9223372036854775808, 1e400, \"1\"]")
        #expect(list.elements.map(\.int) == [0, 0, -7, 1, 100, nil, nil, nil, nil])
        #expect(list.elements.map(\.double) == [0, 0, -7, 1, 100, 1.5, 9_223_372_036_854_775_808, nil, nil])
    }

    @Test func `of two equal members the first counts, wherever it is read`() throws {
        let object = try node(#"{"a": "1", "a": "2", "\u0061": "3"}"#)
        #expect(object["a"]?.string == "1")
        #expect(object.strings == ["a": "1"])
        #expect(try node(#"{"\u0061": "3"}"#)["a"]?.string == "3")
    }

    @Test func `a null member counts as missing`() throws {
        #expect(try node(#"{"a": null}"#)["a"] == nil)
        #expect(try node(#"{"a": null, "b": "c"}"#).strings == ["b": "c"])
        #expect(try node(#"{"b": {"a": 1}, "c": 2}"#)["a"] == nil)
        #expect(try node("[1]")["a"] == nil)
    }

    @Test func `values in a slice of bytes are found`() throws {
        let bytes = Array(#"xx{"a":["b",{"c":1}]}"#.utf8)
        let list = try #require(try JSONNode(json: bytes[2...])["a"])
        #expect(list.elements.map(\.string) == ["b", nil])
        #expect(list.elements.map { $0["c"]?.int } == [nil, 1])
    }

    @Test(arguments: ["[", #"{"a":"#])
    func `values that are nested too deeply cannot be read, and their siblings can`(opening: String) throws {
        func nested(_ depth: Int, _ inner: String = "") -> String {
            let closing = opening == "[" ? "]" : "}"
            let text = inner.isEmpty && opening != "[" ? "{}" : inner
            let count = inner.isEmpty && opening != "[" ? depth - 1 : depth
            return String(repeating: opening, count: count) + text + String(repeating: closing, count: count)
        }
        let fits = try node(nested(100))
        #expect(fits.isArray || fits.isObject)
        #expect(try JSONValue(reading: fits).encoded() == Array(nested(100).utf8))
        for depth in [100, 600, 100_000] {
            let json = try node(#"{"a":\#(nested(depth)),"b":[\#(nested(depth, #""]}\"{""#))],"c":"d"}"#)
            #expect(json["c"]?.string == "d")
            #expect(json.members.map(\.key.string) == ["a", "b", "c"])
            #expect(throws: JSONBytes.Failure.self) { try JSONValue(reading: json) }
        }
        #expect(throws: JSONBytes.Failure.self) { try node(String(repeating: opening, count: 100_000)) }
    }

    @Test func `a longer sequence of combining marks than in any language is not text`() throws {
        let marks = "\u{301}\u{323}"
        let most = "a" + String(repeating: marks, count: 15)
        #expect(try node("[\"\(most + most)\"]").elements.map(\.string) == [most + most])
        let json = try node(#"{"a":"\#(most)\#(marks)","\#(most)\#(marks)":1,"b":"c"}"#)
        #expect(json["a"]?.isString == true && json["a"]?.string == nil)
        #expect(json.members.map(\.key.string) == ["a", nil, "b"])
        #expect(json["b"]?.string == "c")
    }

    /// A mark takes 16 bytes.
    @Test(arguments: ["[1,1,1", #"{"":1,"":1"#, "[[],[],[[[]]]", #"["","","""#])
    func `there is at most one mark for every two bytes`(pattern: String) throws {
        let part = pattern.dropFirst() + ","
        let end = pattern.first == "[" ? "]" : "}"
        let text = Array((pattern + "," + String(repeating: String(part), count: 1000).dropLast() + end).utf8)
        let marks = try text.withUnsafeBufferPointer { try JSONParser.marks(of: $0) }
        #expect(marks.count <= text.count / 2 + 1)
        #expect(MemoryLayout<JSONMark>.stride == 16)
    }

    @Test func `a failure names the place with keys and indices`() throws {
        let json = try node(#"{"a": {"b": [[], [{"c": "x", "d": 1}]]}, "e": 2}"#)
        let object = try #require(json["a"]?["b"]?.elements.map { Array($0.elements) }.last?.first)
        #expect(throws: JSONBytes.Failure(description: ".a.b[1][0].f is missing")) { try object.required("f") }
        #expect(throws: JSONBytes.Failure(description: ".a.b[1][0].c is not an integer")) { try object["c"]?.asInt() }
        #expect(throws: JSONBytes.Failure(description: ".e is not a string")) { try json["e"]?.asString() }
        #expect(throws: JSONBytes.Failure(description: "the document is not a list")) {
            try json.asList { (_) throws(JSONBytes.Failure) in 0 }
        }
    }
}
