import Testing

@testable import Distribution

/// The stored problems of a document are bounded, and the omission is reported.
@Suite struct ProblemsTests {
    private func problems(_ errors: Int, unknown: Int = 0) -> Problems {
        var problems = Problems()
        for number in 0..<unknown { problems.append(Problem([.key("u\(number)")], "", severity: .unknownField)) }
        for number in 0..<errors { problems.append(Problem([.key("e\(number)")], "")) }
        return problems
    }

    @Test("The first hundred are kept, and all are counted")
    func first() {
        let problems = problems(140_000)
        #expect(problems.count == 100)
        #expect(problems.last?.field == "e99")
        #expect(problems.total == 140_000 && problems.errors == 140_000)
    }

    @Test("Problems that make a document unusable have priority over unknown fields, however many there are")
    func errorsFirst() {
        let problems = problems(2, unknown: 1000)
        #expect(problems.count == 100)
        #expect(problems.filter { $0.severity == .error }.map(\.field) == ["e0", "e1"])
        #expect(problems.total == 1002 && problems.errors == 2)
    }

    @Test("Problems of a part are added with their number")
    func parts() {
        var whole = problems(60)
        whole.append(contentsOf: problems(300, unknown: 1))
        #expect(whole.count == 100 && whole.total == 361 && whole.errors == 360)
        #expect(whole.map(\.field) == (0..<60).map { "e\($0)" } + (0..<40).map { "e\($0)" })
    }

    @Test("A problem itself is bounded, in its place and in its text")
    func one() {
        let long = String(repeating: "\u{1b}", count: 1 << 20)
        let problem = Problem([.key(long), .index(1)], long)
        #expect(problem.field.utf8.count < 100)
        #expect(problem.message.utf8.count <= 1003)
        #expect(problem.path.first != .key(long))
    }

    @Test("Of many values the smallest are kept, each once and in order, and the others are counted")
    func smallest() {
        var numbers = Smallest<Int>(3)
        for number in [5, 9, 1, 5, 7, 3, 8] { numbers.insert(number) }
        #expect(numbers.values == [1, 3, 5])
        #expect(numbers.others == 3)
    }
}

/// A sentence about a distribution has a bounded length, whatever its subject.
@Suite struct SentenceTests {
    @Test("A rejection is shown on one line with at most 4,000 characters")
    func bounded() {
        let refusal = Refusal(.invalidSpec, String(repeating: "\u{202e}\n", count: 100_000))
        #expect(refusal.message.unicodeScalars.count <= 4001)
        #expect(refusal.message.hasPrefix("\\u{202E}\\n") && refusal.message.hasSuffix("…"))
        let short = "Secret a holds 1 key from the mount."
        #expect(Refusal(.synced, short).message == short)
    }

    @Test("The first ten names are shown, or as many as there is room for, and the number of the others")
    func listing() {
        let names = { (count: Int, name: String) in
            NameList((0..<count).lazy.map { "\(name)\($0)" }, of: count).description
        }
        #expect(names(3, "a") == "a0, a1, a2")
        #expect(names(1000, "a").hasSuffix(", a9 and 990 more"))
        #expect(names(5, String(repeating: "x", count: 1500)).hasSuffix("x0 and 4 more"))
        #expect(NameList([], of: 0).description == "")
        #expect(NameList(["a is x", "b is y"], of: 9, separator: "; ").description == "a is x; b is y; and 7 more")
    }

    @Test("A value is shown with at most 80 characters; an escaped control character counts with all of its characters")
    func values() {
        #expect(shown(String(repeating: "\u{1b}", count: 1000)).unicodeScalars.count <= 83)
        #expect(shown(String(repeating: "\u{1b}", count: 12)) == "\"" + String(repeating: "\\u{1B}", count: 12) + "\"")
    }
}
