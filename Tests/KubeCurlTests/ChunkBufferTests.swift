import Kube
import Testing

@testable import KubeCurl

@Suite(.timeLimit(.minutes(10)))
struct ChunkBufferTests {
    private func append(_ bytes: [UInt8], to buffer: ChunkBuffer) -> Bool {
        bytes.withUnsafeBytes { buffer.append($0) }
    }

    @Test func `what came before the end can be read, then the end again and again`() async throws {
        let buffer = ChunkBuffer(limit: 10)
        #expect(append([1], to: buffer) && append([2, 3], to: buffer))
        buffer.finish(nil)
        #expect(!append([4], to: buffer))
        #expect(try await buffer.take().get() == [1, 2, 3])
        #expect(try await buffer.take().get() == nil)
        #expect(try await buffer.take().get() == nil)
    }

    @Test func `a reader that waits gets the next chunk`() async throws {
        let buffer = ChunkBuffer(limit: 10)
        async let taken = buffer.take()
        // Whether the reader is there first or not, it gets the chunk.
        #expect(append([7], to: buffer))
        #expect(try await taken.get() == [7])
    }

    @Test func `more than the limit ends the transfer`() async {
        let buffer = ChunkBuffer(limit: 3)
        #expect(append([1, 2, 3], to: buffer))
        #expect(!append([4], to: buffer))
        buffer.finish(.broken(reason: "libcurl's reason comes later"))
        #expect(await buffer.take() == .failure(.overrun(limit: 3)))
    }

    @Test func `cancellation wins over what has come`() async {
        let buffer = ChunkBuffer(limit: 3)
        #expect(append([1], to: buffer))
        buffer.finish(.cancelled)
        #expect(await buffer.take() == .failure(.cancelled))
    }
}
