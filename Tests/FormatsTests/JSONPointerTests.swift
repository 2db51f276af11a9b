import Testing

@testable import Formats

struct JSONPointerTests {
    @Test(arguments: [
        ("", []), ("/", [""]), ("/a", ["a"]), ("/a/b", ["a", "b"]), ("//", ["", ""]), ("/a/", ["a", ""]),
        ("/~0~1", ["~/"]), ("/~01", ["~1"]), ("/é/ /\0", ["é", " ", "\0"]), ("/a\u{301}", ["a\u{301}"]),
    ])
    func `a pointer has the names on its path`(text: String, tokens: [String]) throws {
        let pointer = try JSONPointer(text)
        #expect(pointer.tokens == tokens.map { Array($0.utf8) })
        #expect(Array(pointer.text.utf8) == Array(text.utf8))
    }

    @Test(arguments: [
        ("a", #"is not a JSON Pointer: expected "/" at its start, as in "/user/name""#),
        ("#/a", #"is not a JSON Pointer: expected "/" at its start, as in "/user/name""#),
        ("/a~", #"is not a JSON Pointer: byte 3 is "~", expected "~0" for "~" or "~1" for "/""#),
        ("/~2", #"is not a JSON Pointer: byte 2 is "~", expected "~0" for "~" or "~1" for "/""#),
        ("/é~/", #"is not a JSON Pointer: byte 4 is "~", expected "~0" for "~" or "~1" for "/""#),
        ("/" + String(repeating: "a", count: 1024), "is 1025 bytes long, expected at most 1024"),
    ])
    func `other text is rejected with what was expected`(text: String, problem: String) {
        #expect(failure { () throws(FormError) in _ = try JSONPointer(text) } == problem)
    }

    @Test func `pointers are equal if their bytes are`() throws {
        let composed = try JSONPointer("/\u{e9}")
        #expect(try composed == JSONPointer("/\u{e9}"))
        #expect(try composed != JSONPointer("/e\u{301}"))
        #expect(try Set([composed, JSONPointer("/e\u{301}"), JSONPointer("/\u{e9}")]).count == 2)
    }
}
