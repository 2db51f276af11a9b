import Glibc
import LinuxIO
import TestSupport
import TestTraits
import Testing

@Suite(.tags(.unsafeMemory)) struct FileDescriptorTests {
    @Test func `a descriptor is closed with its owner`() throws {
        var ends: [Int32] = [-1, -1]
        try require("pipe", "", pipe(&ends))
        let reader = FileDescriptor(owning: ends[0])
        do { _ = FileDescriptor(owning: ends[1]) }
        // The other end of the pipe shows it; the number itself may already be used by another test.
        var byte: UInt8 = 0
        let count = try withUnsafeMutableBytes(of: &byte) { try reader.read(into: $0) }
        #expect(count == 0)
    }

    @Test func `everything is written, even more than a pipe holds`() throws {
        var ends: [Int32] = [-1, -1]
        try require("pipe", "", pipe(&ends))
        let reader = FileDescriptor(owning: ends[0])
        let end = ends[1]
        let size = 300_000
        let writer = try OwnedThread(name: "writer") {
            let writer = FileDescriptor(owning: end)
            try? [UInt8](repeating: 7, count: size).withUnsafeBytes { try writer.write(all: $0) }
        }
        var total = 0
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = try buffer.withUnsafeMutableBytes { try reader.read(into: $0) }
            if count == 0 { break }
            total += count
        }
        writer.join()
        #expect(total == size)
    }
}
