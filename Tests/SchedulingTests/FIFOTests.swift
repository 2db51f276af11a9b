import Testing

@testable import Scheduling

@Suite struct FIFOTests {
    @Test("Its memory depends on its content, not on the number of past elements")
    func memory() throws {
        var fifo = FIFO<Int>()
        for element in 0..<10 { fifo.append(element) }
        var largest = 0
        for element in 10..<10_000 {
            fifo.append(element)
            #expect(fifo.popFirst() == element - 10)
            largest = max(largest, try stored(in: fifo))
        }
        #expect(fifo.count == 10)
        #expect(largest <= 2 * 11)
    }

    @Test("An empty queue has no memory and no elements")
    func empty() throws {
        var fifo = FIFO<Int>()
        #expect(fifo.popFirst() == nil)
        fifo.append(1)
        fifo.append(1)
        #expect(fifo.count == 1)
        #expect(fifo.popFirst() == 1)
        #expect(fifo.popFirst() == nil)
        #expect(fifo.isEmpty)
        #expect(try stored(in: fifo) == 0)
    }

    @Test("A removed element can be added again")
    func again() {
        var fifo = FIFO<Int>()
        for _ in 0..<3 {
            fifo.append(1)
            #expect(fifo.popFirst() == 1)
        }
    }

    @Test("An element that is removed and added again is last, and leaves nothing in its old place")
    func removed() throws {
        var fifo = FIFO<Int>()
        for element in 1...4 { fifo.append(element) }
        for element in [1, 3, 9] { fifo.remove(element) }
        fifo.append(1)
        #expect(fifo.first == 2)
        #expect(fifo.count == 3)
        #expect((0..<4).map { _ in fifo.popFirst() } == [2, 4, 1, nil])
        for _ in 0..<1000 {
            fifo.append(5)
            fifo.append(6)
            fifo.remove(5)
        }
        #expect(try stored(in: fifo) <= 4)
        #expect(fifo.popFirst() == 6)
    }

    private func stored(in fifo: FIFO<Int>) throws -> Int {
        try #require(Mirror(reflecting: fifo).descendant("items") as? [Any]).count
    }
}

extension FIFO {
    fileprivate mutating func popFirst() -> Element? {
        guard let element = first else { return nil }
        remove(element)
        return element
    }
}
