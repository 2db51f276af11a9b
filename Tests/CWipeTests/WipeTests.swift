import Glibc
import Testing

/// A sanitizer uses its own allocator.
private let isOurs = dlsym(nil, "__asan_init") == nil && dlsym(nil, "__tsan_init") == nil

/// The program's `realloc`, which the test bundle links too.
@Suite(.enabled(if: isOurs)) struct WipeTests {
    @Test func `a block that grows step by step keeps its content, and is not moved at each step`() {
        let (step, steps) = (4096, 1000)
        var block: UnsafeMutableRawPointer?
        defer { free(block) }
        var moves = 0
        for number in 0..<steps {
            let next = realloc(block, (number + 1) * step)
            if next != block { moves += 1 }
            block = next
            block?.storeBytes(of: number, toByteOffset: number * step, as: Int.self)
        }
        #expect((0..<steps).allSatisfy { block?.load(fromByteOffset: $0 * step, as: Int.self) == $0 })
        #expect(moves < 100)
    }
}
