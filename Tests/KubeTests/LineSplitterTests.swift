import Kube
import Testing

struct LineSplitterTests {
    private func lines(_ chunks: [String], limit: Int = 100) throws -> [String] {
        var splitter = LineSplitter(limit: limit)
        return try chunks.flatMap { try splitter.feed(Array($0.utf8)).map { String(decoding: $0, as: UTF8.self) } }
    }

    @Test(arguments: [
        (["a\nb\n"], ["a", "b"]), (["a", "b", "\n"], ["ab"]), (["a\nb"], ["a"]), (["a\n", "b\n"], ["a", "b"]),
        (["\n\na\n"], ["a"]), (["a", "\nb\nc", "\n"], ["a", "b", "c"]), ([""], []),
    ])
    func `lines are found wherever the chunks are cut`(chunks: [String], expected: [String]) throws {
        #expect(try lines(chunks) == expected)
    }

    @Test func `every cut of a text gives the same lines`() throws {
        let text = "first\nsecond line\n\nä€\nlast\n"
        let bytes = Array(text.utf8)
        for first in 0...bytes.count {
            for second in first...bytes.count {
                var splitter = LineSplitter()
                var result: [[UInt8]] = []
                for part in [bytes[..<first], bytes[first..<second], bytes[second...]] {
                    result += try splitter.feed(Array(part))
                }
                #expect(result.map { String(decoding: $0, as: UTF8.self) } == ["first", "second line", "ä€", "last"])
            }
        }
    }

    @Test func `a line may be as long as the limit and no longer`() throws {
        #expect(try lines(["abc", "de\n"], limit: 5) == ["abcde"])
        #expect(throws: LineSplitter.TooLong(limit: 5)) { try lines(["abc", "def"], limit: 5) }
        #expect(throws: LineSplitter.TooLong(limit: 5)) { try lines(["a\nabcdef\n"], limit: 5) }
    }
}
