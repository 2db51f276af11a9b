import Testing

@testable import Scheduling

@Suite struct LineTests {
    @Test("Numbers leave a line in their order, and can be removed from any place")
    func order() {
        var (links, line) = (LineLinks(), Line())
        for number in 1...5 { links.append(number, to: &line) }
        for number in [1, 3, 5] { links.remove(number, from: &line) }
        links.append(1, to: &line)
        #expect(taken(from: &line, &links) == [2, 4, 1])
        #expect(line.isEmpty)
    }

    @Test("Lines do not disturb each other")
    func several() {
        var (links, odd, even) = (LineLinks(), Line(), Line())
        for number in [0, 2, 4, 6] {
            links.append(number, to: &even)
            links.append(number + 1, to: &odd)
        }
        links.remove(4, from: &even)
        links.append(4, to: &odd)
        #expect(taken(from: &even, &links) == [0, 2, 6])
        #expect(taken(from: &odd, &links) == [1, 3, 5, 7, 4])
    }

    @Test("In random sequences, a line has the order of an array")
    func anyHistory() {
        var random = Xorshift(state: 7)
        var (links, line) = (LineLinks(), Line())
        var expected: [Int] = []
        for _ in 0..<10_000 {
            let number = random.below(12)
            if let index = expected.firstIndex(of: number) {
                expected.remove(at: index)
                links.remove(number, from: &line)
            } else {
                expected.append(number)
                links.append(number, to: &line)
            }
            #expect(line.first == expected.first)
        }
        #expect(taken(from: &line, &links) == expected)
    }

    private func taken(from line: inout Line, _ links: inout LineLinks) -> [Int] {
        var numbers: [Int] = []
        while let first = line.first {
            numbers.append(first)
            links.remove(first, from: &line)
        }
        return numbers
    }
}
