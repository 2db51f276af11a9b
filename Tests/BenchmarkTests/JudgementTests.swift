import Testing

@testable import benchmark

struct JudgementTests {
    private func judgement(_ bar: Figure.Bar, _ runs: [(Double, Double?)]) throws -> Judgement {
        let runs = runs.map { Figure.Run(value: $0.0, reference: $0.1) }
        return try #require(Judgement(Figure("a.b", "it", unit: .seconds, runs: runs, bar: bar)))
    }

    @Test func `the median of the runs is compared with the bar, and may be equal to it`() throws {
        #expect(try judgement(.atMost(2), [(1, nil), (2, nil), (9, nil)]).isMet == true)
        #expect(try judgement(.atMost(1.9), [(1, nil), (2, nil), (9, nil)]).isMet == false)
    }

    @Test func `each run is compared with its own reference`() throws {
        // The median of the values divided by the median of the references would be 1.
        let runs: [(Double, Double?)] = [(1, 2), (2, 1), (3, 2)]
        #expect(try judgement(.ratioAtMost(1.5), runs).judged == 1.5)
        #expect(try judgement(.ratioAtMost(1.5), runs).isMet == true)
        #expect(try judgement(.ratioAtMost(1.4), runs).isMet == false)
        #expect(try judgement(.excessAtMost(1), runs).judged == 1)
        #expect(try judgement(.excessAtMost(0.9), runs).isMet == false)
    }

    @Test func `without a reference, or without runs, there is nothing to judge`() throws {
        #expect(try judgement(.ratioAtMost(1), [(1, nil)]).isMet == nil)
        #expect(try judgement(.ratioAtMost(1), [(1, 0)]).isMet == nil)
        #expect(try judgement(.excessAtMost(1), [(1, nil)]).isMet == nil)
        #expect(try judgement(.atMost(1), []).isMet == nil)
        #expect(Judgement(Figure("a", "it", unit: .count, runs: [.init(value: 1)])) == nil)
    }

    @Test func `the result is given in words`() throws {
        #expect(try judgement(.ratioAtMost(1.25), [(1.2, 1)]).measured == "1.2 of the reference")
        #expect(try judgement(.excessAtMost(0.01), [(0.005, 0.002)]).measured == "3 ms above the reference")
        #expect(try judgement(.excessAtMost(0.01), [(0.002, 0.005)]).measured == "3 ms below the reference")
        #expect(try judgement(.excessAtMost(0.01), [(0.005, 0.002)]).wanted == "at most 10 ms above it")
        #expect(try judgement(.atMost(0), [(0, nil)]).wanted == "none")
    }

    @Test func `the range of the runs is shown if it is visible`() {
        let figure = { (values: [Double]) in
            Figure("a", "it", unit: .seconds, runs: values.map { .init(value: $0) })
        }
        #expect(figure([0.0042, 0.0046, 0.0041]).text == "4.2 ms (4.1 to 4.6)")
        #expect(figure([0.0042]).text == "4.2 ms")
        #expect(figure([]).text == "–")
    }

    @Test func `the worst figure determines the outcome of a group with one bar`() throws {
        let judgements = [(1, 1), (100, 3), (10, 2)].compactMap { count, value in
            Judgement(
                Figure(
                    "a", "it", distributions: count, unit: .count, runs: [.init(value: Double(value))], bar: .atMost(2))
            )
        }
        let other = try judgement(.atMost(9), [(1, nil)])
        let groups = JudgedGroup.groups(judgements + [other])
        #expect(groups.map(\.distributions) == ["1 to 100", ""])
        #expect(groups.map { $0.worst?.isMet } == [false, true])
    }

    private func scaling(_ id: String, _ values: [Int: Double]) -> Scaling? {
        Scaling(
            values.map { Figure(id, "it", distributions: $0, unit: .seconds, runs: [.init(value: $1)]) })
    }

    @Test func `a figure that grows at most with the number of distributions is linear or better`() throws {
        #expect(scaling("a", [1: 9, 100: 1, 10_000: 100])?.isGood == true)
        #expect(scaling("a", [1: 9, 100: 1, 10_000: 102])?.isGood == false)
        #expect(scaling("a", [100: 0, 10_000: 0])?.isGood == true)
        #expect(scaling("a", [1: 1, 100: 1]) == nil)
    }

    @Test func `the growth of a figure that is 0 with few distributions is unknown`() throws {
        #expect(try #require(scaling("a", [100: 0, 10_000: 1])).isGood == nil)
        #expect(scaling("rotation.one.others", [100: 0, 10_000: 1])?.isGood == false)
    }

    @Test func `a rotation of one file that feeds one Secret may not grow, except for noise`() throws {
        #expect(scaling("rotation.one", [100: 1, 10_000: 1.2])?.isGood == true)
        #expect(scaling("rotation.one.writes", [100: 1, 10_000: 2])?.isGood == false)
        #expect(scaling("rotation.ones", [100: 1, 10_000: 2])?.isGood == true)
        #expect(scaling("rotation.one", [100: 1, 10_000: 1.3])?.isGood == false)
    }
}
