/// Cuts a stream of chunks into lines. A line may span any number of chunks.
package struct LineSplitter: Sendable {
    package enum Line: Sendable, Equatable {
        /// Without its newline.
        case whole([UInt8])
        /// It is longer than it may be, and was thrown away as it came.
        case tooLong
    }

    /// In bytes, without the newline. What is kept of a line is never more.
    package let limit: Int
    private var partial: [UInt8] = []
    /// The rest of a line that is too long is still to come.
    private var isPassing = false

    /// - Parameter limit: the default holds an event with the largest object.
    package init(limit: Int = Request.largestObject) {
        self.limit = limit
    }

    /// The lines that `chunk` completes; empty lines are left out. One that is too long counts as soon as it is.
    package mutating func feed(_ chunk: [UInt8]) -> [Line] {
        var lines: [Line] = []
        var rest = chunk[...]
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            append(rest[..<end], &lines)
            if !partial.isEmpty { lines.append(.whole(partial)) }
            partial = []
            isPassing = false
            rest = rest[(end + 1)...]
        }
        append(rest, &lines)
        return lines
    }

    private mutating func append(_ bytes: ArraySlice<UInt8>, _ lines: inout [Line]) {
        guard !isPassing else { return }
        if partial.count + bytes.count <= limit {
            partial += bytes
        } else {
            partial = []
            isPassing = true
            lines.append(.tooLong)
        }
    }
}
