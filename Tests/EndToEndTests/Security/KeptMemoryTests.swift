import FoundationEssentials
import TestSupport
import Testing

/// Measured in the separate program `counts`, which does nothing else and uses one allocator.
@Suite("The memory that is kept of one object")
struct KeptMemoryTests {
    private static let program = URL(fileURLWithPath: Binary.path).deletingLastPathComponent().appending(path: "counts")
        .path

    @Test("is at most four bytes for each byte of the object, whatever its content")
    func factor() async throws {
        let inputs = try await run(["kept"]).split(separator: "\n")
        #expect(inputs.count > 10)
        for input in inputs {
            let figures = try await run(["kept", String(input)]).split(whereSeparator: \.isWhitespace).map { Int($0) }
            let (size, kept) = (try #require(figures.first ?? nil), try #require(figures.last ?? nil))
            // The constant is what each object needs whatever its size, including up to a hundred problems.
            #expect(kept <= 4 * size + 64 << 10, "\(input): \(kept) bytes are kept of \(size)")
        }
    }

    private func run(_ arguments: [String]) async throws -> String {
        let ended = try await Binary(arguments, program: Self.program).ended()
        try #require(ended.status == 0, "\(ended.output)\(ended.errors)")
        return ended.output
    }
}
