import TestTraits
import Testing

@testable import KubeCurl

@Suite(.tags(.concurrent, .unsafeMemory), .endsIfHung)
struct ChunkBufferTests {
    private func append(_ bytes: [UInt8], to buffer: ChunkBuffer) -> ChunkBuffer.Reception {
        bytes.withUnsafeBytes { buffer.append($0) }
    }

    @Test func `data before the end can be read, and then the end repeatedly`() async throws {
        let buffer = ChunkBuffer(limit: 10)
        #expect(append([1], to: buffer) == .taken && append([2, 3], to: buffer) == .taken)
        buffer.finish(nil)
        #expect(append([4], to: buffer) == .ended)
        #expect(try await buffer.next().get() == [1, 2, 3])
        #expect(try await buffer.next().get() == nil)
        #expect(try await buffer.next().get() == nil)
    }

    @Test func `a waiting reader gets the next chunk`() async throws {
        let buffer = ChunkBuffer(limit: 10)
        async let taken = buffer.next()
        // The reader gets the chunk whether it starts first or not.
        #expect(append([7], to: buffer) == .taken)
        #expect(try await taken.get() == [7])
    }

    @Test func `data that does not fit is delivered again when the reader has made room`() async throws {
        let buffer = ChunkBuffer(limit: 3)
        var rooms = 0
        #expect(append([1, 2], to: buffer) == .taken)
        #expect(try await buffer.next { rooms += 1 }.get() == [1, 2])
        #expect(rooms == 0)
        #expect(append([3, 4], to: buffer) == .taken)
        #expect(append([5, 6], to: buffer) == .full)
        #expect(append([5, 6], to: buffer) == .full)
        #expect(try await buffer.next { rooms += 1 }.get() == [3, 4])
        #expect(rooms == 1)
        // A single chunk may be larger than the limit.
        #expect(append([5, 6, 7, 8], to: buffer) == .taken)
        buffer.finish(nil)
        #expect(try await buffer.next { rooms += 1 }.get() == [5, 6, 7, 8])
        #expect(try await buffer.next { rooms += 1 }.get() == nil)
        #expect(rooms == 1)
    }

    @Test func `cancellation takes precedence over buffered data`() async {
        let buffer = ChunkBuffer(limit: 3)
        #expect(append([1], to: buffer) == .taken)
        buffer.finish(.cancelled)
        #expect(await buffer.next() == .failure(.cancelled))
    }
}
