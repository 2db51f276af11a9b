import CLinux

/// The content of one source file: immutable, held once, and wiped when the last user lets go.
///
/// Cannot be printed, compared or encoded by accident: `description` is redacted and there is no `Codable`.
package final class SecretBytes: @unchecked Sendable, CustomStringConvertible, CustomReflectable {
    // Sendable: the memory is written in `init` only and released in `deinit`, when no one else can hold it.
    private let memory: UnsafeMutableRawBufferPointer

    /// - Parameters:
    ///   - capacity: upper limit of the content's size, in bytes.
    ///   - fill: writes the content and returns how many bytes it wrote; what it throws is passed on.
    package init<Failure: Error>(
        capacity: Int, fill: (UnsafeMutableRawBufferPointer) throws(Failure) -> Int
    ) throws(Failure) {
        let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: capacity, alignment: 1)
        defer { Self.release(scratch) }
        let count = try fill(scratch)
        precondition((0...capacity).contains(count), "fill wrote more than it was given")
        memory = .allocate(byteCount: count, alignment: 1)
        memory.copyMemory(from: UnsafeRawBufferPointer(rebasing: scratch[..<count]))
    }

    package convenience init(_ bytes: some Collection<UInt8>) {
        self.init(capacity: bytes.count) { buffer in
            buffer.copyBytes(from: bytes)
            return bytes.count
        }
    }

    deinit { Self.release(memory) }

    /// Size in bytes.
    package var count: Int { memory.count }

    /// Lends the content; the pointer must not outlive `body`.
    package func withUnsafeBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(UnsafeRawBufferPointer(memory))
    }

    package var description: String { "<\(count) secret bytes>" }
    package var customMirror: Mirror { Mirror(self, children: []) }

    /// explicit_bzero(3): a plain memset before free may be optimised away.
    private static func release(_ buffer: UnsafeMutableRawBufferPointer) {
        if let start = buffer.baseAddress { explicit_bzero(start, buffer.count) }
        buffer.deallocate()
    }
}
