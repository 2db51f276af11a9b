import JSON
import Testing

@Suite struct JSONObjectTests {
    private func isObject(_ text: String) -> Bool { isObject(Array(text.utf8)) }

    private func isObject(_ bytes: [UInt8]) -> Bool { bytes.withUnsafeBytes(JSONBytes.isObject) }

    @Test(
        "A JSON object is accepted, whatever its content",
        arguments: [
            "{}", " \t\r\n{ } \n", #"{"a":1}"#, #"{"a":{"b":[{},[],"c",null,true,false]},"d":{}}"#,
            #"{"":""}"#, #"{"a":"\"\\\/\b\f\n\r\t\u00e9\uD83D"}"#, #"{"é":"😀"}"#, #"{"a":1,"a":2}"#,
            #"{"a":[0,-0,10,-1.5,0.25,1e9,1E+2,-2.5e-3]}"#, #"{ "a" : [ 1 , 2 ] , "b" : "c" }"#,
        ])
    func objects(text: String) {
        #expect(isObject(text))
    }

    @Test(
        "Anything else is rejected",
        arguments: [
            "", " ", "a", "null", "[]", "1", "\"a\"", "{", "}", "{}{}", "{} x", "{,}", #"{"a"}"#, #"{"a":}"#,
            #"{"a":1,}"#,
            #"{,"a":1}"#, #"{"a" 1}"#, #"{a:1}"#, #"{'a':1}"#, #"{1:1}"#, #"{"a":1 "b":2}"#, #"{"a":[1,]}"#,
            #"{"a":[1 2]}"#,
            #"{"a":[1}"#, #"{"a":"b}"#, #"{"a":"\x"}"#, #"{"a":"\u12g4"}"#, #"{"a":"\u12"}"#, #"{"a":"\"#,
            "{\"a\":\"\n\"}",
            "{\"a\":\"\0\"}", #"{"a":01}"#, #"{"a":+1}"#, #"{"a":.5}"#, #"{"a":1.}"#, #"{"a":1e}"#, #"{"a":- 1}"#,
            #"{"a":1 .5}"#, #"{"a":0x1}"#, #"{"a":NaN}"#, #"{"a":tru}"#, #"{"a":nulll}"#, #"{"a":True}"#, "\u{feff}{}",
            #"{"a":1}//"#, #"{"a":/**/1}"#,
        ])
    func others(text: String) {
        #expect(!isObject(text))
    }

    @Test("A truncated object is rejected")
    func parts() {
        let whole = Array(#"{"a":[1.5e+3,{"b":"\u00e9\n"},true,false,null],"c":{}}"#.utf8)
        #expect(isObject(whole))
        for length in whole.indices { #expect(!isObject(Array(whole[..<length]))) }
    }

    @Test("An object that is nested too deeply is rejected, and does not crash")
    func deep() {
        let nested = { (depth: Int) in
            "{\"a\":" + String(repeating: "[", count: depth) + String(repeating: "]", count: depth) + "}"
        }
        #expect(isObject(nested(100)) && isObject(nested(190)))
        #expect(!isObject(nested(210)) && !isObject(nested(100_000)))
        #expect(!isObject(nested(150).replacing("[]", with: "[01]")))
        #expect(!isObject(String(repeating: "{\"a\":", count: 100_000)))
    }

    @Test("Bytes that are not UTF-8 are accepted in strings, as by the API server, and nowhere else")
    func noUTF8() {
        #expect(isObject(Array("{\"a\":\"".utf8) + [0xff, 0xc0] + Array("\"}".utf8)))
        #expect(!isObject(Array("{\"a\":".utf8) + [0xff] + Array("}".utf8)))
    }
}
