import Glibc
import LinuxIO
import TestSupport
import Testing

@Suite struct AtomicFolderTests {
    @Test func `the version changes with the links, and is never the same while one is missing`() throws {
        let path = try TemporaryDirectory()
        let folder = AtomicFolder(try Directory(path: path("")))
        try folder.replace(with: [("a", [1]), ("b", [2])], as: "..1", FileAttributes(mode: 0o440))
        let complete = try folder.version()
        #expect(try folder.version() == complete)
        unlink(path("a"))
        let (first, second) = (try folder.version(), try folder.version())
        #expect(first != complete && first != second)
        try folder.restoreLinks()
        #expect(try folder.version() == complete)
    }
}
