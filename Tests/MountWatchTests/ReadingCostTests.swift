import MountWatch
import TestSupport
import Testing

/// Four times as much content costs about four times the processor time, whatever the mount contains.
///
/// Measures the processor time of the reading thread, and compares it with a smaller mount in the same run, so that the
/// speed and load of the machine do not matter.
@Suite struct ReadingCostTests {
    /// A kind of content, of which the mount has `count`, and a change between the first reading and the measured ones.
    struct Content: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let count: Int
        let make: @Sendable (_ mount: String, _ count: Int) throws -> Void
        var change: @Sendable (_ mount: String) throws -> Void = { _ in }

        static let all = [
            Content(testDescription: "dangling links", count: 1200) { mount, count in
                for number in 0..<count { try makeLink("\(mount)/link-\(number)", to: "nowhere") }
            },
            Content(
                testDescription: "links to folders that have gone", count: 600,
                make: { mount, count in
                    for number in 0..<count {
                        try makeDirectory("\(mount)/real/\(number)")
                        try writeFile("\(mount)/real/\(number)/a", "1")
                        try makeLink("\(mount)/link-\(number)", to: "real/\(number)")
                    }
                },
                change: { removeTree("\($0)/real") }),
            Content(testDescription: "volumes", count: 250, make: makeVolumes),
            Content(
                testDescription: "volumes that have gone", count: 250, make: makeVolumes,
                change: { mount in
                    for name in names(in: mount) where name.hasPrefix("volume") { removeTree("\(mount)/\(name)") }
                }),
            Content(testDescription: "files in the deepest folder", count: 300) { mount, count in
                let folder = mount + String(repeating: "/folder", count: 24)
                try makeDirectory(folder)
                for number in 0..<count { try writeFile("\(folder)/\(number)", "1") }
            },
        ]

        private static let makeVolumes: @Sendable (String, Int) throws -> Void = { mount, count in
            for number in 0..<count {
                try AtomicVolume("\(mount)/volume-\(number)").write(["a": "1", "b": "2", "c": "3"])
            }
        }
    }

    @Test(arguments: Content.all)
    func `the cost of reading grows linearly with the content`(content: Content) throws {
        let few = try cost(of: content, count: content.count)
        let many = try cost(of: content, count: content.count * 4)
        #expect(many < few * 9, "\(few) for \(content.count), \(many) for four times as many")
    }

    /// The minimum of three readings after the first.
    private func cost(of content: Content, count: Int) throws -> Duration {
        let folder = try TemporaryDirectory()
        try makeDirectory(folder("mount"))
        try writeFile(folder("mount/steady"), "1")
        try content.make(folder("mount"), count)
        var reader = SnapshotReader(path: folder("mount"))
        var snapshot = try #require(reader.read().snapshot)
        try content.change(folder("mount"))
        var costs: [Duration] = []
        for _ in 0..<3 {
            let begin = ThreadTime.now
            snapshot = try #require(reader.read(previous: snapshot).snapshot)
            costs.append(ThreadTime.now - begin)
        }
        #expect(snapshot.files.count > count)
        return costs.min() ?? .zero
    }
}
