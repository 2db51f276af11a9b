import TestSupport
import TestTraits
import Testing

@Suite("With few descriptors at startup", .endsIfHung)
struct FewDescriptorsTests {
    private static let endings: Set<Int32> = [0, 1, 78]

    /// With less than 4 descriptors, the program cannot be loaded.
    @Test("a pass succeeds or reports the reason, and never ends in a trap", arguments: 4...40)
    func pass(limit: Int) async throws {
        let world = try LocalWorld()
        try writeFile(world.mount + "/password", "one")
        try world.distribute("app", "password")
        let ended = try await Binary(
            ["sync"],
            environment: [
                "SECRETS_PATH": world.mount, "DISTRIBUTIONS_PATH": world.root("in"), "OUTPUT_PATH": world.output,
            ], wrapper: ["prlimit", "--nofile=\(limit):\(limit)"]
        ).ended()
        #expect(Self.endings.contains(ended.status), "\(limit): \(ended.errors)")
        #expect(ended.status == 0 || !(ended.errors + ended.output).isEmpty)
        // Three are open, and the program requires twelve.
        if limit < 15 { #expect(ended.errors.contains("RLIMIT_NOFILE is \(limit), and fewer than 12 are free")) }
        if limit == 40 { #expect(ended.status == 0) }
    }
}
