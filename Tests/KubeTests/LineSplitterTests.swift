import Kube
import Testing

struct LineSplitterTests {
    /// A line that is too long is nil.
    private func lines(_ chunks: [String], limit: Int = 100) -> [String?] {
        var splitter = LineSplitter(limit: limit)
        return chunks.flatMap { splitter.feed(Array($0.utf8)).map(text) }
    }

    private func text(_ line: LineSplitter.Line) -> String? {
        switch line {
        case .whole(let bytes): String(decoding: bytes, as: UTF8.self)
        case .tooLong: nil
        }
    }

    @Test(arguments: [
        (["a\nb\n"], ["a", "b"]), (["a", "b", "\n"], ["ab"]), (["a\nb"], ["a"]), (["a\n", "b\n"], ["a", "b"]),
        (["\n\na\n"], ["a"]), (["a", "\nb\nc", "\n"], ["a", "b", "c"]), ([""], []),
    ])
    func `lines are found wherever chunks are split`(chunks: [String], expected: [String]) {
        #expect(lines(chunks) == expected)
    }

    @Test func `every split of a text results in the same lines`() {
        let text = "first\nsecond line\n\nä€\nlast\n"
        let bytes = Array(text.utf8)
        for first in 0...bytes.count {
            for second in first...bytes.count {
                var splitter = LineSplitter()
                var result: [LineSplitter.Line] = []
                for part in [bytes[..<first], bytes[first..<second], bytes[second...]] {
                    result += splitter.feed(Array(part))
                }
                #expect(result.map { self.text($0) } == ["first", "second line", "ä€", "last"])
            }
        }
    }

    @Test func `a line may be as long as the limit; a longer one is skipped, and the others are delivered`() {
        #expect(lines(["abc", "de\n"], limit: 5) == ["abcde"])
        #expect(lines(["abc", "def", "ghi"], limit: 5) == [nil])
        #expect(lines(["a\nabcdef\nb\n", "c\n"], limit: 5) == ["a", nil, "b", "c"])
        #expect(lines(["abc", "def", "ghijklm", "n\nb\n"], limit: 5) == [nil, "b"])
    }
}
