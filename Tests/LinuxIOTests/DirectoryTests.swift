import Glibc
import LinuxIO
import TestSupport
import TestTraits
import Testing

@Suite(.tags(.unsafeMemory)) struct DirectoryTests {
    private let folder: TemporaryDirectory

    init() throws {
        folder = try TemporaryDirectory()
        try makeDirectory(folder("root/sub"))
        try writeFile(folder("root/a"), "1")
        try writeFile(folder("root/sub/b"), "22")
        try writeFile(folder("secret"), "x")
    }

    /// The errno of opening `name` below the root, with openat2(2) or with the fallback that follows no links; nil if
    /// it opens.
    private func code(_ name: String, walk: Bool = false) throws -> Int32? {
        let root = try Directory(path: folder("root"))
        do throws(LinuxError) {
            _ = walk ? try root.openWithoutLinks(name, flags: O_RDONLY) : try root.openBeneath(name)
            return nil
        } catch {
            return error.code
        }
    }

    @Test func `a file below the root is opened and read`() throws {
        let file = try Directory(path: folder("root")).openBeneath("sub/b")
        #expect(try file.status().size == 2)
        var bytes: [UInt8] = [0, 0, 0]
        let count = try bytes.withUnsafeMutableBytes { try file.read(into: $0, at: 0) }
        #expect(bytes[..<count] == [0x32, 0x32])
    }

    @Test(arguments: [
        "../secret", "sub/../../secret", "/etc/hostname", "up", "absolute", "out/secret", "proc", "out/\u{301}",
    ])
    func `nothing outside the root is opened`(name: String) throws {
        try makeLink(folder("root/up"), to: "../secret")
        try makeLink(folder("root/absolute"), to: folder("secret"))
        try makeLink(folder("root/out"), to: "..")
        try writeFile(folder("\u{301}"), "x")
        try makeLink(folder("root/proc"), to: "/proc/self/exe")
        #expect(try code(name) == EXDEV)
        #expect(try code(name, walk: true) == EXDEV)
    }

    @Test func `links that stay below the root are followed, but not without openat2`() throws {
        try makeLink(folder("root/link"), to: "sub/b")
        try makeLink(folder("root/folder"), to: "sub")
        for name in ["link", "folder/b"] {
            #expect(try code(name) == nil)
            #expect(try code(name, walk: true) == EXDEV)
        }
        #expect(try code("sub/b", walk: true) == nil)
        #expect(try code("a/b", walk: true) == ENOTDIR)
        #expect(try code("none/b", walk: true) == ENOENT)
    }

    @Test func `the magic links of proc are not followed`() throws {
        let own = try Directory(path: "/proc/self")
        #expect(throws: LinuxError("open", "/proc/self/exe", code: ELOOP)) { _ = try own.openBeneath("exe") }
    }

    @Test func `a FIFO without a writer does not block`() throws {
        try require("mkfifo", "fifo", mkfifo(folder("root/fifo"), 0o644))
        let file = try Directory(path: folder("root")).openBeneath("fifo")
        #expect(try file.status().kind == .special)
    }

    @Test func `an open directory stays the same when it is renamed`() throws {
        let root = try Directory(path: folder("root"))
        try rename(folder("root"), to: folder("moved"))
        try makeDirectory(folder("root"))
        _ = try root.openBeneath("a")
        #expect(try root.status().identity != Directory(path: folder("root")).status().identity)
    }

    @Test func `entries are listed with their kinds`() throws {
        try makeLink(folder("root/link"), to: "nowhere")
        try require("mkfifo", "fifo", mkfifo(folder("root/fifo"), 0o644))
        let root = try Directory(path: folder("root"))
        for _ in 0..<2 {
            let kinds = Dictionary(uniqueKeysWithValues: try root.entries().entries.map { ($0.name, $0.kind) })
            #expect(kinds == ["a": .file, "sub": .directory, "link": .link, "fifo": .special])
        }
    }

    @Test func `a removed directory has no entries`() throws {
        try makeDirectory(folder("gone"))
        let gone = try Directory(path: folder("gone"))
        rmdir(folder("gone"))
        #expect(try gone.entries().entries.isEmpty)
    }

    @Test func `the target of a link is read, and other entries have none`() throws {
        let target = String(repeating: "x", count: 3000)
        try makeLink(folder("root/link"), to: target)
        let root = try Directory(path: folder("root"))
        #expect(try root.linkTarget("link") == target)
        #expect(try root.linkTarget("a") == nil)
        #expect(try root.linkTarget("none") == nil)
    }

    @Test func `errors name the operation, the object and the reason`() {
        #expect(throws: LinuxError("open", "/none/at all", code: ENOENT)) { _ = try Directory(path: "/none/at all") }
        let error = LinuxError("open", "/none", code: ENOENT)
        #expect("\(error)" == "cannot open /none: No such file or directory")
        let limit = LinuxError("start", "inotify", code: EMFILE)
        #expect("\(limit)".hasSuffix("(raise fs.inotify.max_user_instances on the node)"))
    }
}
