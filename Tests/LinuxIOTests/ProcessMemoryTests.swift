import CLinux
import Glibc
import LinuxIO
import TestSupport
import Testing

/// Each test runs in a separate process, because it measures all of its memory.
@Suite struct ProcessMemoryTests {
    @Test func `free memory is returned, also from between blocks in use`() async {
        await #expect(processExitsWith: .success) {
            let (count, size) = (10_000, 10_000)
            var blocks = (0..<count).map { _ in malloc(size) }
            for block in blocks { if let block { memset(block, 1, size) } }
            // Small enough for the heap. Every tenth block is kept.
            for index in blocks.indices where index % 10 != 0 {
                free(blocks[index])
                blocks[index] = nil
            }
            let before = try ProcessFigures.now().residentMemory
            ProcessMemory.giveBack()
            let after = try ProcessFigures.now().residentMemory
            #expect(before - after > count * size / 2)
            for block in blocks { free(block) }
        }
    }

    @Test func `all threads use one arena, and large blocks are returned when they are freed`() async {
        await #expect(processExitsWith: .success) {
            ProcessMemory.limitGrowth()
            // Without the setting, the dynamic threshold of mallopt(3) would grow to this size.
            let large = 16 << 20
            free(malloc(large))
            let before = try ProcessFigures.now().residentMemory
            let again = malloc(large)
            if let again { memset(again, 1, large) }
            let pin = malloc(100)
            free(again)
            #expect(try ProcessFigures.now().residentMemory - before < large / 2)
            free(pin)

            let places = try Self.places()
            try Self.takeOnThreads(4)
            #expect(try Self.places() == places)
        }
    }

    /// Each thread starts the next one, so that all live at the same time.
    private static func takeOnThreads(_ count: Int) throws(LinuxError) {
        guard count > 0 else { return }
        let thread = try OwnedThread(name: "taker \(count)") {
            free(malloc(1000))
            do { try takeOnThreads(count - 1) } catch { Issue.record(error) }
        }
        thread.join()
    }

    /// The number of arenas, from malloc_info(3).
    private static func places() throws -> Int {
        var text: UnsafeMutablePointer<CChar>?
        var length = 0
        let stream = try #require(open_memstream(&text, &length))
        malloc_info(0, stream)
        fclose(stream)
        defer { free(text) }
        return text.map { String(cString: $0).split(separator: "<heap ").count - 1 } ?? 0
    }
}
