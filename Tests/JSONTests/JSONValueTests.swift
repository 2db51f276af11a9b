import JSON
import Testing

struct JSONValueTests {
    @Test func `a value that is nested too deeply is rejected`() throws {
        func nested(_ depth: Int) -> [UInt8] {
            Array((String(repeating: "[", count: depth) + String(repeating: "]", count: depth)).utf8)
        }
        #expect(try JSONValue(json: nested(100)).encoded() == nested(100))
        for depth in [101, 511, 100_000] {
            #expect(throws: JSONBytes.Failure.self) { try JSONValue(json: nested(depth)) }
        }
    }

    @Test func `equal values have equal bytes`() {
        let value: JSONValue = ["b": [1, 2.5, true, nil], "a": "x", "c": [:]]
        #expect(String(decoding: value.encoded(), as: UTF8.self) == #"{"a":"x","b":[1,2.5,true,null],"c":{}}"#)
    }

    @Test(arguments: ["", "plain", "\"\\\n\r\t\u{0}\u{1f}\u{7f}", "ä€𐍈\u{2028}", "/"])
    func `any text is the same after writing and reading it`(text: String) throws {
        let value: JSONValue = .object([text: .string(text)])
        #expect(try JSONValue(json: value.encoded()) == value)
    }

    @Test func `numbers and booleans keep their kind`() throws {
        let json = #"[0, -7, 9223372036854775807, 1.5, 1e3, true, false, null]"#
        let value = try JSONValue(json: Array(json.utf8))
        #expect(value == [0, -7, 9_223_372_036_854_775_807, 1.5, 1000, true, false, nil])
    }

    @Test(arguments: ["", "{", "nope", "[1", "{\"a\":1"])
    func `invalid JSON is rejected`(json: String) {
        #expect(throws: JSONBytes.Failure.self) { try JSONValue(json: Array(json.utf8)) }
    }

    @Test func `members are read by name`() {
        let value: JSONValue = ["metadata": ["labels": ["a": "b"]]]
        #expect(value["metadata"]?["labels"]?["a"]?.string == "b")
        #expect(value["metadata"]?["none"]?["a"] == nil)
    }

    @Test func `a fraction beyond the precision of Double is dropped, when written and when read`() throws {
        let value = try JSONValue(json: Array("71111111111111111.117".utf8))
        #expect(try JSONValue(json: value.encoded()) == value)
    }
}
