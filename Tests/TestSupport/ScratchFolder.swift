import FoundationEssentials
import Glibc
import LinuxIO

/// A separate folder for a test, removed when the test process ends.
package struct ScratchFolder: Sendable {
    package let path: String

    private static let all = Mutex<[String]>([])
    private static let prefix = "secrets-distributor-tests-"

    private static let parent: String = {
        let parent = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : FileManager.default.temporaryDirectory.path
        // A killed run could not remove its folder.
        for name in (try? FileManager.default.contentsOfDirectory(atPath: parent)) ?? [] where name.hasPrefix(prefix) {
            let owner = pid_t(name.dropFirst(prefix.count).prefix { $0 != "-" }) ?? getpid()
            if kill(owner, 0) != 0, errno == ESRCH { try? FileManager.default.removeItem(atPath: "\(parent)/\(name)") }
        }
        return parent
    }()

    private static let atEnd: Void = {
        atexit {
            ServerProcess.endAll()
            for path in ScratchFolder.all.withLock({ $0 }) { try? FileManager.default.removeItem(atPath: path) }
        }
    }()

    /// Created in memory if the machine has such a file system.
    package init() throws {
        _ = Self.atEnd
        path = "\(Self.parent)/\(Self.prefix)\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        let path = path
        Self.all.withLock { $0.append(path) }
    }

    /// The path of a file in the folder.
    package func callAsFunction(_ name: String) -> String { "\(path)/\(name)" }

    /// Writes a file and returns its path.
    @discardableResult
    package func write(_ name: String, _ text: String, executable: Bool = false) throws -> String {
        let file = self(name)
        // Not with `Data`: a program that another test starts meanwhile would inherit its descriptor and keep it open,
        // and a file that is open for writing cannot be executed (execve(2), ETXTBSY).
        let new = "\(file).\(UInt32.random(in: 0...UInt32.max))"
        try writeFile(new, text)
        if executable { chmod(new, 0o700) }
        try rename(new, to: file)
        return file
    }

    /// Not with `Data` either, which leaks a page for each empty file (found by LeakSanitizer).
    package func read(_ name: String) throws -> [UInt8] {
        try FileDescriptor(reading: self(name)).content(limit: .max - 1) ?? []
    }
}
