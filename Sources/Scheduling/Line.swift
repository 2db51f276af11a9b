/// A line of numbers: first in, first out. Its links are in a `LineLinks`.
struct Line: Sendable {
    fileprivate(set) var first: Int?
    fileprivate var last: Int?

    var isEmpty: Bool { first == nil }
}

/// The links of several lines of small numbers. A number is in at most one of them, so that it can be removed from any
/// place without a search.
struct LineLinks: Sendable {
    private struct Link {
        var previous: Int32?
        var next: Int32?
    }

    /// By number.
    private var links: [Link] = []

    /// - Parameter number: in no line.
    mutating func append(_ number: Int, to line: inout Line) {
        while links.count <= number { links.append(Link()) }
        links[number] = Link(previous: line.last.map(Int32.init), next: nil)
        if let last = line.last { links[last].next = Int32(number) } else { line.first = number }
        line.last = number
    }

    /// - Parameter number: in `line`.
    mutating func remove(_ number: Int, from line: inout Line) {
        let link = links[number]
        if let previous = link.previous {
            links[Int(previous)].next = link.next
        } else {
            line.first = link.next.map(Int.init)
        }
        if let next = link.next {
            links[Int(next)].previous = link.previous
        } else {
            line.last = link.previous.map(Int.init)
        }
    }
}
