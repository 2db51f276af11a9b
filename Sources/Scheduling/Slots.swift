/// Elements by small numbers. A number is used again when its element was freed.
struct Slots<Element: Sendable>: Sendable, RandomAccessCollection {
    private var elements: [Element] = []
    private var unused: [Int] = []

    var startIndex: Int { 0 }
    var endIndex: Int { elements.count }

    subscript(slot: Int) -> Element {
        get { elements[slot] }
        set { elements[slot] = newValue }
    }

    mutating func insert(_ element: Element) -> Int {
        guard let slot = unused.popLast() else {
            elements.append(element)
            return elements.count - 1
        }
        elements[slot] = element
        return slot
    }

    /// Makes a slot available. Its element stays until the slot is used again.
    mutating func free(_ slot: Int) { unused.append(slot) }
}
