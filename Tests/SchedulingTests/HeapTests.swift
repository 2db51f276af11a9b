import Testing

@testable import Scheduling

@Suite struct HeapTests {
    @Test("The smallest element comes first, including equal ones", arguments: [0, 1, 2, 3, 4, 7, 100])
    func sorted(count: Int) {
        var random = Xorshift(state: 42)
        let numbers = (0..<count).map { _ in random.below(50) }
        var heap = Heap<Int>()
        for number in numbers { heap.insert(number) }
        var taken: [Int] = []
        while let first = heap.first {
            taken.append(first)
            heap.removeFirst()
        }
        #expect(taken == numbers.sorted())
    }

    @Test("Removing from an empty heap has no effect")
    func empty() {
        var heap = Heap<Int>()
        heap.removeFirst()
        #expect(heap.first == nil)
    }
}
