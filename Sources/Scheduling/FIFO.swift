/// A first-in, first-out set: an element that is in it is not added twice.
struct FIFO<Element: Hashable & Sendable>: Sendable {
    private struct Item: Sendable {
        let element: Element
        let number: Int
    }

    /// From `head` on those that are in it, and some that were removed; the first one is in it.
    private var items: [Item] = []
    private var head = 0
    /// By element: the number of its item.
    private var members: [Element: Int] = [:]
    private var nextNumber = 0

    var count: Int { members.count }
    var isEmpty: Bool { members.isEmpty }
    /// The one that has been in it for the longest time.
    var first: Element? { head < items.count ? items[head].element : nil }

    func contains(_ element: Element) -> Bool { members[element] != nil }

    mutating func giveBackRoom() {
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
        // Drop what was taken once it is the larger part: constant cost an element, memory bound to what is in.
        if items.count >= members.count * 2 {
            items = members.isEmpty ? [] : items[head...].filter(isIn)
            head = 0
        }
    }

    private func isIn(_ item: Item) -> Bool { members[item.element] == item.number }
}
