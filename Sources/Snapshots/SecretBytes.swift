import CLinux

/// The content of one source file: immutable, stored once, and wiped when the last reference is released.
///
/// It cannot be printed, compared or encoded by accident: `description` is redacted and there is no `Codable`.
package final class SecretBytes: @unchecked Sendable, CustomStringConvertible, CustomReflectable {
    // Sendable: the memory is written only in `init` and released in `deinit`, when no other reference exists.
    private let memory: UnsafeMutableRawBufferPointer

    /// - Parameters:
    ///   - capacity: the maximum size of the content, in bytes.
    ///   - fill: writes the content and returns the number of bytes; its errors are rethrown.
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

    /// The size in bytes.
    package var count: Int { memory.count }

    /// Calls `body` with the content. The pointer must not outlive the call.
    package func withUnsafeBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(UnsafeRawBufferPointer(memory))
    }

    package var description: String { "<\(count) secret bytes>" }
    package var customMirror: Mirror { Mirror(self, children: []) }

    /// Uses explicit_bzero(3), because the compiler may remove a memset before free.
    private static func release(_ buffer: UnsafeMutableRawBufferPointer) {
        if let start = buffer.baseAddress { explicit_bzero(start, buffer.count) }
        buffer.deallocate()
    }
}
