import Testing

@testable import JSON

struct JSONNodeTests {
    private func node(_ json: String) throws -> JSONNode { try JSONNode(json: Array(json.utf8)[...]) }

    @Test(arguments: [
        "", " ", "{", "}", "[", "]", "[1,]", "[,1]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "{1:2}", "[1 2]",
        "1 2", "[}", "{]", "[1}", "{\"a\":[}]", "NaN", "tru", "nul", "truee", "'a'", "\"", "\"\\\"", "\u{feff}[]",
    ])
    func `a structure that is not that of JSON is refused`(json: String) {
        #expect(throws: JSONBytes.Failure.self) { try node(json) }
    }

    @Test(arguments: [
        "\\x", "\\u12", "\\u12g4", "a\nb", "\u{1f}", "12345678\u{1}", "\\ud800", "\\ud800x", "\\udc00",
        "\\ud800\\u0041", "\\ud800\\n0041",
    ])
    func `a string that means nothing is none, as a value and as a key, and the others can be read`(text: String) throws
    {
        let json = try node(#"{"\#(text)":1,"a":"\#(text)","b":["\#(text)"],"c":"d"}"#)
        #expect(json["c"]?.string == "d")
        #expect(json["a"]?.string == nil)
        #expect(json.members.map(\.key.string) == [nil, "a", "b", "c"])
        #expect(json.strings == nil)
        #expect(throws: JSONBytes.Failure(description: ".a is not a string")) { try json["a"]?.asString() }
        #expect(throws: JSONBytes.Failure.self) { try JSONValue(reading: json) }
    }

    @Test(arguments: ["01", "-", "+1", ".5", "1.", "1e", "1e+", "--1", "1-1", "e", "1.2.3", "1e5e5", "00", "-01"])
    func `a number that means nothing is none, and the others can be read`(text: String) throws {
        let json = try node(#"{"a":\#(text),"b":[\#(text),2]}"#)
        #expect(json["a"]?.int == nil && json["a"]?.double == nil)
        #expect(json["b"]?.elements.map(\.int) == [nil, 2])
        #expect(throws: JSONBytes.Failure(description: ".a is not an integer")) { try json["a"]?.asInt() }
        #expect(throws: JSONBytes.Failure.self) { try JSONValue(reading: json) }
    }

    @Test func `bytes that are no UTF-8 are no string, wherever in one they stand`() throws {
        for length in 0..<20 {
            let text = Array(String(repeating: "a", count: length).utf8)
            for bad: [UInt8] in [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xe2, 0x82]] {
                #expect(try JSONNode(json: ([0x22] + text + bad + [0x22])[...]).string == nil)
            }
        }
    }

    /// Strings are looked at eight bytes at a time.
    @Test func `a quote, an escape and a control character are seen at any place of a string`() throws {
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
    func `escapes stand for what they say`(json: String, text: String) throws {
        #expect(try node(json).string == text)
    }

    @Test func `a number without a fraction is whole, however it is written`() throws {
        let list = try node("[0, -0, -7, 1.0, 1e2, 1.5, 9223372036854775808, 1e400, \"1\"]")
        #expect(list.elements.map(\.int) == [0, 0, -7, 1, 100, nil, nil, nil, nil])
        #expect(list.elements.map(\.double) == [0, 0, -7, 1, 100, 1.5, 9_223_372_036_854_775_808, nil, nil])
    }

    @Test func `the first of two equal members counts, wherever it is read`() throws {
        let object = try node(#"{"a": "1", "a": "2", "\u0061": "3"}"#)
        #expect(object["a"]?.string == "1")
        #expect(object.strings == ["a": "1"])
        #expect(try node(#"{"\u0061": "3"}"#)["a"]?.string == "3")
    }

    @Test func `a member that is null is none`() throws {
        #expect(try node(#"{"a": null}"#)["a"] == nil)
        #expect(try node(#"{"a": null, "b": "c"}"#).strings == ["b": "c"])
        #expect(try node(#"{"b": {"a": 1}, "c": 2}"#)["a"] == nil)
        #expect(try node("[1]")["a"] == nil)
    }

    @Test func `values in a part of some bytes are found`() throws {
        let bytes = Array(#"xx{"a":["b",{"c":1}]}"#.utf8)
        let list = try #require(try JSONNode(json: bytes[2...])["a"])
        #expect(list.elements.map(\.string) == ["b", nil])
        #expect(list.elements.map { $0["c"]?.int } == [nil, 1])
    }

    @Test(arguments: ["[", #"{"a":"#])
    func `what is nested too deep can be asked nothing, and what stands beside it can be read`(opening: String) throws {
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

    @Test func `more combining marks in a row than any language has are no text`() throws {
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
    func `there is at most one mark for each two bytes`(pattern: String) throws {
        let part = pattern.dropFirst() + ","
        let end = pattern.first == "[" ? "]" : "}"
        let text = Array((pattern + "," + String(repeating: String(part), count: 1000).dropLast() + end).utf8)
        let marks = try text.withUnsafeBufferPointer { try JSONParser.marks(of: $0) }
        #expect(marks.count <= text.count / 2 + 1)
        #expect(MemoryLayout<JSONMark>.stride == 16)
    }

    @Test func `a failure names the place by keys and indices`() throws {
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
