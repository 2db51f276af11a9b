/// Cuts a stream of chunks into lines. A line may span any number of chunks.
package struct LineSplitter: Sendable {
    /// A line is longer than it may be.
    package struct TooLong: Error, Sendable, Equatable, CustomStringConvertible {
        /// In bytes.
        package let limit: Int
        package init(limit: Int) { self.limit = limit }
        package var description: String { "a line is longer than \(limit) bytes" }
    }

    /// In bytes, without the newline.
    package let limit: Int
    private var partial: [UInt8] = []

    /// - Parameter limit: the default holds an event with a Secret of 1 MiB in base64 twice over.
    package init(limit: Int = 4 << 20) {
        self.limit = limit
    }

    /// The lines that `chunk` completes, without their newlines; empty lines are left out.
    package mutating func feed(_ chunk: [UInt8]) throws(TooLong) -> [[UInt8]] {
        var lines: [[UInt8]] = []
        var rest = chunk[...]
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            try append(rest[..<end])
            if !partial.isEmpty { lines.append(partial) }
            partial = []
            rest = rest[(end + 1)...]
        }
        try append(rest)
        return lines
    }

    private mutating func append(_ bytes: ArraySlice<UInt8>) throws(TooLong) {
        guard partial.count + bytes.count <= limit else { throw TooLong(limit: limit) }
        partial += bytes
    }
}
