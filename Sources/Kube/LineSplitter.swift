/// Splits a stream of chunks into lines. A line may span any number of chunks.
package struct LineSplitter: Sendable {
    package enum Line: Sendable, Equatable {
        /// Without its newline.
        case whole([UInt8])
        /// The line exceeds the limit and was discarded.
        case tooLong
    }

    /// The maximum length of a line in bytes, without the newline. No more than this is buffered.
    package let limit: Int
    private var partial: [UInt8] = []
    /// Whether the rest of a line that is too long is being skipped.
    private var isPassing = false

    /// - Parameter limit: the default fits an event with the largest object.
    package init(limit: Int = Request.largestObject) {
        self.limit = limit
    }

    /// The lines that `chunk` completes, without empty lines. A line that is too long is returned as soon as it exceeds
    /// the limit.
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
