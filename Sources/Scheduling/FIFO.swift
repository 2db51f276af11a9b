/// A first-in, first-out set: an element that is in it is not added twice.
struct FIFO<Element: Hashable & Sendable>: Sendable {
    private var items: [Element] = []
    private var head = 0
    private var members: Set<Element> = []

    var count: Int { members.count }
    var isEmpty: Bool { members.isEmpty }
    /// The one that has been in it for the longest time.
    var first: Element? { head < items.count ? items[head] : nil }

    mutating func giveBackRoom() {
        if isEmpty { self = FIFO() }
    }

    mutating func append(_ element: Element) {
        if members.insert(element).inserted { items.append(element) }
    }

    mutating func popFirst() -> Element? {
        guard head < items.count else { return nil }
        let element = items[head]
        head += 1
        members.remove(element)
        // Drop what was taken once it is the larger part: constant cost an element, memory bound to what is in.
        if head * 2 >= items.count {
            items.removeFirst(head)
            head = 0
        }
        return element
    }
}
