import Glibc
import LinuxIO
import Snapshots
import TestSupport
import TestTraits
import Testing

@testable import MountWatch

/// Files whose size differs from the one that the file system reports: /proc reports 0, like some FUSE file systems
/// (proc(5)).
@Suite(.tags(.unsafeMemory)) struct FileSizeTests {
    /// Reads /proc/PID/environ of a process with an environment of this size.
    private func readEnvironment(of size: Int) async throws -> (file: SourceFile, size: Int) {
        var ends: [Int32] = [-1, -1]
        try require("pipe", "", pipe(&ends))
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, ends[0], 0)
        // A variable has at most 128 KiB (execve(2)).
        let count = size / 65536
        let parts = (0...count).map { "V\($0)=" + String(repeating: "x", count: $0 < count ? 65532 : size % 65536) }
        var environment = parts.map { strdup($0) } + [nil]
        var words = [strdup("/bin/cat"), nil]
        defer { for word in environment + words { free(word) } }
        var id = pid_t()
        let code = posix_spawn(&id, "/bin/cat", &actions, nil, &words, &environment)
        close(ends[0])
        defer {
            close(ends[1])
            var status: Int32 = 0
            waitpid(id, &status, 0)
        }
        try #require(code == 0)
        let file = try FileDescriptor(reading: "/proc/\(id)/environ")
        #expect(try file.status().size == 0)
        let reader = TreeReader(previous: PreviousFiles(nil)) {}
        // The kernel sets it shortly after execve(2) has released this process.
        #expect(try await eventually { try reader.content(of: file, path: "a").bytes?.count != 0 })
        return (try reader.content(of: file, path: "a"), parts.reduce(0) { $0 + $1.utf8.count + 1 })
    }

    @Test(arguments: [100, 4090, 4096, 5000, 200_000, 900_000])
    func `a file with a reported size of 0 is read to its end`(size: Int) async throws {
        let (file, expected) = try await readEnvironment(of: size)
        #expect(file.bytes?.count == expected)
    }

    @Test func `a file that turns out to be larger than a Secret is too large`() async throws {
        let (file, _) = try await readEnvironment(of: 1_200_000)
        #expect(file.error == .tooLarge(size: SourceFile.maximumSize + 1))
    }

    /// sysfs reports 4096 for a file of a few bytes.
    @Test func `a file that is smaller than its reported size is read to its end`() throws {
        let file = try FileDescriptor(reading: "/sys/kernel/mm/transparent_hugepage/enabled")
        #expect(try file.status().size == 4096)
        let content = try TreeReader(previous: PreviousFiles(nil)) {}.content(of: file, path: "a")
        #expect((1..<200).contains(content.bytes?.count ?? 0))
    }
}
