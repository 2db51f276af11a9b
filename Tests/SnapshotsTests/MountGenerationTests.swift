import Observability
import Snapshots
import Testing

@Suite struct MountGenerationTests {
    @Test(
        arguments: [
            ([:], ""), (["": "..2026_11_21_08_30_00.1"], "..2026_11_21_08_30_00.1"),
            (["": "2026-11-21T08:30:00.000000001Z"], "2026-11-21T08:30:00.000000001Z"),
            (["azure": "..2026.1"], "azure/..2026.1"),
            (["b": "..2", "": "..0", "a/x": "..1"], "..0, a/x/..1, b/..2"),
            (["a, b": "..1", "50%": "..2", "%2C": "..3"], "%252C/..3, 50%25/..2, a%2C b/..1"),
        ] as [([String: String], String)])
    func `generations are the same after writing and parsing them`(names: [String: String], text: String) {
        #expect(MountGeneration(names).description == text)
        #expect(MountGeneration(parsing: text).names == names)
    }

    @Test func `files belong to the innermost volume around them`() {
        let volume = Snapshot.Volume(generation: "g", createdAt: Timestamp(seconds: 0))
        var snapshot = Snapshot(volumes: ["": volume, "a": volume, "a/b": volume], files: [:])
        for (path, expected) in ["x": "", "ab/x": "", "a": "", "a/x": "a", "a/b": "a", "a/b/x": "a/b", "a/bc": "a"] {
            #expect(snapshot.volume(of: path) == expected, "\(path)")
        }
        snapshot.volumes["a"]?.createdAt = Timestamp(seconds: 9)
        #expect(snapshot.createdAt(of: ["a/x", "x"]) == Timestamp(seconds: 9))
        #expect(snapshot.createdAt(of: ["a/b/x"]) == Timestamp(seconds: 0))
        #expect(snapshot.createdAt == Timestamp(seconds: 9))
        #expect(snapshot.generation(of: ["a/b/x"]) == "a/b/g")
        #expect(snapshot.generation(of: []) == snapshot.generation)
    }
}
