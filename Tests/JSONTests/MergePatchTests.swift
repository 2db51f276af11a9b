import Testing

@testable import JSON

@Suite struct MergePatchTests {
    @Test(
        "A merge patch follows RFC 7386, appendix A",
        arguments: [
            (#"{"a":"b"}"#, #"{"a":"c"}"#, #"{"a":"c"}"#),
            (#"{"a":"b"}"#, #"{"b":"c"}"#, #"{"a":"b","b":"c"}"#),
            (#"{"a":"b"}"#, #"{"a":null}"#, #"{}"#),
            (#"{"a":"b","b":"c"}"#, #"{"a":null}"#, #"{"b":"c"}"#),
            (#"{"a":["b"]}"#, #"{"a":"c"}"#, #"{"a":"c"}"#),
            (#"{"a":"c"}"#, #"{"a":["b"]}"#, #"{"a":["b"]}"#),
            (#"{"a":{"b":"c"}}"#, #"{"a":{"b":"d","c":null}}"#, #"{"a":{"b":"d"}}"#),
            (#"{"a":[{"b":"c"}]}"#, #"{"a":[1]}"#, #"{"a":[1]}"#),
            (#"["a","b"]"#, #"["c","d"]"#, #"["c","d"]"#),
            (#"{"a":"b"}"#, #"["c"]"#, #"["c"]"#),
            (#"{"a":"foo"}"#, "null", "null"),
            (#"{"a":"foo"}"#, #""bar""#, #""bar""#),
            (#"{"e":null}"#, #"{"a":1}"#, #"{"a":1,"e":null}"#),
            (#"[1,2]"#, #"{"a":"b","c":null}"#, #"{"a":"b"}"#),
            (#"{}"#, #"{"a":{"bb":{"ccc":null}}}"#, #"{"a":{"bb":{}}}"#),
        ])
    func example(original: String, patch: String, result: String) throws {
        let merged = try JSONValue(json: Array(original.utf8)).merging(JSONValue(json: Array(patch.utf8)))
        #expect(String(decoding: merged.encoded(), as: UTF8.self) == result)
    }

    @Test("A null within an array is a value, not a removal")
    func nullInArray() {
        let original: JSONValue = ["a": ["b": 1]]
        #expect(original.merging(["a": [nil, ["c": nil]]]) == ["a": [nil, ["c": nil]]])
    }

    @Test("Removing a missing key is no error")
    func removedTwice() {
        let original: JSONValue = ["metadata": ["labels": ["a": "1"]]]
        let patch: JSONValue = ["metadata": ["labels": ["b": nil]], "data": nil]
        #expect(original.merging(patch) == original)
    }
}
