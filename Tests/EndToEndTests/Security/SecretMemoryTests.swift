import FoundationEssentials
import Glibc
import TestSupport
import TestTraits
import Testing

/// Reads the memory of the running program from outside, as a core dump or an intruder would see it.
@Suite("Secret bytes in memory", .enabled(if: geteuid() == 0, "reading memory requires root"), .endsIfHung)
struct SecretMemoryTests {
    @Test("exist once, and are wiped when they are released")
    func heldOnce() async throws {
        let world = try await World()
        let volume = try AtomicVolume(world.mount)
        let values = (1...8).map { "marked-value-\($0)-" + String(repeating: "\($0)x", count: 40) }
        try volume.write(["a": values[0]])
        let names = (1...5).map { "secret-\($0)" }
        for name in names { try await world.create(world.distribution(name, [("a", "a")])) }
        let agent = try await Binary(
            ["run"],
            environment: [
                "SECRETS_PATH": world.mount, "MANAGED_BY": world.namespace, "WATCH_NAMESPACES": world.namespace,
                "KUBECONFIG": try world.server.kubeconfig(), "DEBOUNCE_QUIET": "10ms", "LOG_LEVEL": "debug",
            ])
        for value in values {
            try volume.write(["a": value])
            for name in names { try await world.expect(name, ["a": value]) }
        }
        let isClean = try await eventually {
            let memory = try MemoryImage(of: agent.process)
            // The buffers of the connection hold the last responses until they are overwritten: base64, in a few
            // places.
            return values.map(memory.count) == [0, 0, 0, 0, 0, 0, 0, 1]
                && values.map(memory.countBase64).reduce(0, +) <= 8
        }
        let memory = try MemoryImage(of: agent.process)
        #expect(isClean, "\(values.map(memory.count)), as base64 \(values.map(memory.countBase64))")
        agent.signal(SIGTERM)
        #expect(await agent.ended().status == 0)
    }

    @Test("reach no core dump, no crash report and no debugger of the same user")
    func noDump() async throws {
        let directory = try TemporaryDirectory()
        try require("chmod", directory.path, chmod(directory.path, 0o777))
        for folder in ["mount", "in"] { try makeDirectory(directory(folder)) }
        // Other users may not be able to read the build folder, so copy the program. Another process copies it:
        // processes that start in the meantime would inherit the file, open for writing, and keep it busy.
        try await Command.run(["cp", Binary.path, directory("program")])
        let agent = try await Binary(
            ["run"],
            environment: [
                "SECRETS_PATH": directory("mount"), "DISTRIBUTIONS_PATH": directory("in"),
                "OUTPUT_PATH": directory("out"),
            ],
            wrapper: ["/usr/bin/setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"],
            program: directory("program"))
        #expect(await eventually { agent.errors.contains("started") }, "\(agent.errors)")
        // The file belongs to root, not to the user, if the process is not dumpable (proc(5)).
        var status = stat()
        try require("stat", "mem", stat("/proc/\(agent.process)/mem", &status))
        #expect(status.st_uid == 0)
        let limits = try Data(contentsOf: URL(fileURLWithPath: "/proc/\(agent.process)/limits"))
        let core = String(decoding: limits, as: UTF8.self).split(separator: "\n").first {
            $0.hasPrefix("Max core file")
        }
        #expect(core?.split(separator: " ").filter { $0 == "0" }.count == 2)
        // Swift's backtracer, if it is installed, prints the memory that registers point to.
        let caught = Files.text("/proc/\(agent.process)/status").split(separator: "\n").first {
            $0.hasPrefix("SigCgt:")
        }
        let mask = try #require(caught.flatMap { UInt64($0.dropFirst(7).drop(while: \.isWhitespace), radix: 16) })
        for signal in [SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGTRAP] {
            #expect(mask & (1 << (signal - 1)) == 0, "signal \(signal) has a handler")
        }
        agent.signal(SIGTERM)
        #expect(await agent.ended().status == 0)
    }
}

/// The readable memory of a process.
private struct MemoryImage {
    private let bytes: Data

    init(of process: pid_t) throws {
        let maps = String(decoding: try Data(contentsOf: URL(fileURLWithPath: "/proc/\(process)/maps")), as: UTF8.self)
        let file = open("/proc/\(process)/mem", O_RDONLY | O_CLOEXEC)
        try require("open", "/proc/\(process)/mem", file)
        defer { close(file) }
        var bytes = Data()
        for line in maps.split(separator: "\n") {
            let fields = line.split(separator: " ")
            // Only writable memory: the code of the program and of the libraries holds no secrets.
            guard fields.count > 1, fields[1].hasPrefix("rw"), !line.hasSuffix("[vvar]") else { continue }
            let range = fields[0].split(separator: "-").compactMap { Int($0, radix: 16) }
            guard range.count == 2 else { continue }
            var part = [UInt8](repeating: 0, count: range[1] - range[0])
            let count = pread(file, &part, part.count, off_t(range[0]))
            if count > 0 { bytes.append(contentsOf: part[..<count]) }
        }
        self.bytes = bytes
    }

    func count(of text: String) -> Int { occurrences(of: Array(text.utf8)) }

    /// The number of occurrences as base64, as JSON has it.
    func countBase64(of text: String) -> Int { occurrences(of: Array(Data(text.utf8).base64EncodedString().utf8)) }

    private func occurrences(of needle: [UInt8]) -> Int {
        bytes.withUnsafeBytes { memory in
            guard let start = memory.baseAddress else { return 0 }
            var (count, offset) = (0, 0)
            while let found = memchr(start + offset, Int32(needle[0]), memory.count - offset) {
                offset = start.distance(to: found)
                guard memory.count - offset >= needle.count else { break }
                let isFound = memcmp(start + offset, needle, needle.count) == 0
                count += isFound ? 1 : 0
                offset += isFound ? needle.count : 1
            }
            return count
        }
    }
}
