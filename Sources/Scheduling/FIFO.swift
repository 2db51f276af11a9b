/// A first-in, first-out queue without duplicates: adding an element that it contains does nothing.
struct FIFO<Element: Hashable & Sendable>: Sendable {
    private struct Item: Sendable {
        let element: Element
        let number: Int
    }

    /// From `head` on, the elements of the queue and some removed ones. The element at `head` is in the queue.
    private var items: [Item] = []
    private var head = 0
    /// The number of each element's item.
    private var members: [Element: Int] = [:]
    private var nextNumber = 0

    var count: Int { members.count }
    var isEmpty: Bool { members.isEmpty }
    /// The oldest element.
    var first: Element? { head < items.count ? items[head].element : nil }

    func contains(_ element: Element) -> Bool { members[element] != nil }

    mutating func releaseUnusedCapacity() {
        if isEmpty { self = FIFO() }
    }

    mutating func append(_ element: Element) {
        guard members[element] == nil else { return }
        members[element] = nextNumber
        items.append(Item(element: element, number: nextNumber))
        nextNumber += 1
    }

    mutating func remove(_ element: Element) {
        guard members.removeValue(forKey: element) != nil else { return }
        while head < items.count, !isIn(items[head]) { head += 1 }
        // Drop removed items once they are the larger part: constant cost per element, and memory proportional to the
        // content.
        if items.count >= members.count * 2 {
            items = members.isEmpty ? [] : items[head...].filter(isIn)
            head = 0
        }
    }

    private func isIn(_ item: Item) -> Bool { members[item.element] == item.number }
}
