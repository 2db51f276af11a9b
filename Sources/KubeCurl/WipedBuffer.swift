import CLinux

/// Bytes at one address that libcurl reads while a transfer goes on; wiped at its end, for they may be secret.
final class WipedBuffer: @unchecked Sendable {
    // Sendable: written in `init` only.
    let bytes: UnsafeMutableRawBufferPointer

    init(_ content: [UInt8]) {
        bytes = .allocate(byteCount: max(content.count, 1), alignment: 1)
        bytes.copyBytes(from: content)
    }

    deinit {
        // explicit_bzero(3): a plain memset before free may be optimised away.
        if let start = bytes.baseAddress { explicit_bzero(start, bytes.count) }
        bytes.deallocate()
    }
}
