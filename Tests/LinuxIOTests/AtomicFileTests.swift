import Glibc
import LinuxIO
import TestSupport
import TestTraits
import Testing

@Suite(.tags(.unsafeMemory)) struct AtomicFileTests {
    private let folder: TemporaryDirectory

    init() throws { folder = try TemporaryDirectory() }

    private func write(_ text: String, _ name: String, mode: UInt32 = 0o600) throws {
        let directory = try Directory(path: folder.path)
        try Array(text.utf8).withUnsafeBytes { bytes in
            try AtomicFile.write(bytes, named: name, in: directory, FileAttributes(mode: mode))
        }
    }

    private func text(_ name: String) throws -> String {
        let file = try Directory(path: folder.path).openBeneath(name)
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = try bytes.withUnsafeMutableBytes { try file.read(into: $0) }
        return String(decoding: bytes[..<count], as: UTF8.self)
    }

    @Test func `a file is created and replaced atomically`() throws {
        try write("one", "a")
        let before = try Directory(path: folder.path).status(of: "a").identity
        try write("2", "a")
        #expect(try text("a") == "2")
        #expect(try Directory(path: folder.path).status(of: "a").identity != before)
        #expect(names(in: folder.path) == ["a"])
    }

    @Test(arguments: [0o600, 0o640, 0o666] as [UInt32])
    func `the mode is exactly the requested one`(mode: UInt32) throws {
        try write("1", "a", mode: mode)
        var status = stat()
        try require("stat", "a", stat(folder("a"), &status))
        #expect(status.st_mode & 0o777 == mode)
    }

    @Test func `a link is replaced, and not followed`() throws {
        try writeFile(folder("other"), "x")
        try makeLink(folder("a"), to: "other")
        try write("1", "a")
        #expect(try text("other") == "x")
        #expect(try Directory(path: folder.path).status(of: "a").kind == .file)
    }

    @Test func `a failure leaves no temporary file`() throws {
        try makeDirectory(folder("a/b"))
        #expect(throws: LinuxError("replace", folder("a"), code: EISDIR)) { try write("1", "a") }
        #expect(names(in: folder.path) == ["a"])
    }

    @Test(arguments: ["", "b/c", "/tmp/x", "b/\u{301}"])
    func `a name of more than one component is rejected`(name: String) {
        #expect(throws: LinuxError("write", folder(name), code: EINVAL)) { try write("1", name) }
    }

    @Test func `removing reports whether the file existed`() throws {
        try write("1", "a")
        let directory = try Directory(path: folder.path)
        #expect(try AtomicFile.remove(named: "a", in: directory))
        #expect(try !AtomicFile.remove(named: "a", in: directory))
    }

    @Test func `a subdirectory is created once`() throws {
        let directory = try Directory(path: folder.path)
        try directory.createSubdirectory("sub", mode: 0o700)
        try directory.createSubdirectory("sub", mode: 0o700)
        #expect(try directory.status(of: "sub").kind == .directory)
    }
}
