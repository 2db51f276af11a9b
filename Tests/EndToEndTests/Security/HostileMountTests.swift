import Glibc
import LinuxIO
import TestSupport
import Testing

/// The attacker may write to the mount, or to the folder of distributions.
@Suite("A hostile mount")
struct HostileMountTests {
    @Test("whose files and folders are replaced by links while they are read never publishes a byte from outside")
    func linkSwaps() async throws {
        let world = try LocalWorld()
        let outside = world.root("outside")
        try makeDirectory(outside)
        try writeFile(outside + "/file", "outside")
        try world.distribute("file", "file")
        try world.distribute("folder", "?folder/file")
        try world.distribute("steady", "steady")
        try makeDirectory(world.mount + "/folder")
        for name in ["file", "folder/file", "steady"] { try writeFile("\(world.mount)/\(name)", "inside") }
        let program = try await world.start([
            "DEBOUNCE_QUIET": "0ms", "DEBOUNCE_MAX": "1ms", "POLL_INTERVAL": "100ms",
        ])
        await world.expect("file", ["file": "inside"], program)
        await world.expect("folder", ["file": "inside"], program)
        let seen = try [ContentSampler(world, "file"), ContentSampler(world, "folder")]
        let mount = world.mount
        await OwnedThread.value(name: "swaps") {
            for number in 0..<2000 {
                // Each replacement is one step, so that the name always exists; the folder needs two.
                _ = symlink(number % 4 == 0 ? "/etc/passwd" : outside + "/file", mount + "/link")
                Glibc.rename(mount + "/link", mount + "/file")
                Glibc.rename(mount + "/folder", mount + "/aside")
                _ = symlink(outside, mount + "/folder")
                usleep(UInt32(number % 200))
                try? writeFile(mount + "/new", "inside")
                Glibc.rename(mount + "/new", mount + "/file")
                unlink(mount + "/folder")
                Glibc.rename(mount + "/aside", mount + "/folder")
                usleep(UInt32(number % 300))
            }
        }
        try writeFile(mount + "/steady", "after")
        await world.expect("steady", ["steady": "after"], program)
        for content in seen.flatMap({ $0.end() }) {
            #expect(content?["file"] ?? "inside" == "inside")
        }
        // The test proves something only if the agent has read the links.
        #expect(program.errors.contains("leads out of the mount"))
        #expect(world.secret("file") == ["file": "inside"])
        await program.stop()
    }

    @Test("with devices, FIFOs, sockets, endless and huge files and loops does not delay its good files")
    func kinds() async throws {
        let world = try LocalWorld()
        let volume = try AtomicVolume(world.mount)
        let folder = "\(world.mount)/\(try volume.write(["good": "1", "real": "linked", "dir/file": "1"]))"
        let depth = (0..<40).map { _ in "deep" }.joined(separator: "/")
        try makeDirectory("\(folder)/\(depth)")
        try writeFile("\(folder)/\(depth)/file", "deep")
        try require("mkfifo", "fifo", mkfifo(folder + "/fifo", 0o644))
        try require("bind", "socket", bindSocket(folder + "/socket"))
        try makeLink(folder + "/loop", to: "loop")
        try makeLink(folder + "/one", to: "two")
        try makeLink(folder + "/two", to: "one")
        try makeLink(folder + "/up", to: ".")
        try makeLink(folder + "/other", to: "dir")
        try require("link", "hard", link(folder + "/real", folder + "/hard"))
        try writeFile(folder + "/huge", "")
        try require("truncate", "huge", truncate(folder + "/huge", 1 << 40))
        try writeFile(folder + "/grows", "")
        var bad = ["fifo", "socket", "loop", "one", "dir", "huge", "\(depth)/file"]
        // Needs a privilege that not every container has.
        for (name, device) in [("zero", (1, 5)), ("tty", (5, 0)), ("full", (1, 7))] {
            let number = dev_t(device.0 << 8 | device.1)
            if mknod("\(folder)/\(name)", S_IFCHR | 0o666, number) == 0 { bad.append(name) }
        }
        try world.distribute("good", "good", "hard", "other/file")
        for (number, name) in bad.enumerated() { try world.distribute("bad-\(number)", "good", name) }
        let isOver = Mutex(false)
        let grower = try OwnedThread(name: "grower") {
            while !isOver.withLock({ $0 }) { append("more", to: folder + "/grows") }
        }
        let program = try await world.start()
        await world.expect("good", ["good": "1", "hard": "linked", "file": "1"], program)
        for (number, name) in bad.enumerated() {
            await world.expectLog("\"distribution held back\",\"distribution\":\"web/bad-\(number)\"", program)
            #expect(world.secret("bad-\(number)") == nil, "\(name)")
        }
        // The next generation, written next to all these.
        let two = Array("2".utf8)
        let next = try volume.writeGeneration(["good": two, "hard": two, "other/file": two])
        try volume.swap(to: next)
        await world.expect("good", ["good": "2", "hard": "2", "file": "2"], program)
        isOver.withLock { $0 = true }
        grower.join()
        await program.stop()
    }

    @Test("with a manifest that expands to billions of nodes serves the other distributions, in little memory")
    func yamlBomb() async throws {
        let world = try LocalWorld()
        try writeFile(world.mount + "/a", "1")
        try world.distribute("good", "a")
        let levels = (1..<30).map { level in
            "a\(level): &a\(level) [\(Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ", "))]\n"
        }
        let bomb = "a0: &a0 [x]\n" + levels.joined()
        try writeFile(world.root("in/bomb.yaml"), "kind: SecretsDistribution\napiVersion: xlscsde.nhs.uk/v1\n" + bomb)
        try writeFile(world.root("in/last.yaml"), String(repeating: "- ", count: 100_000))
        let program = try await world.start()
        await world.expect("good", ["a": "1"], program)
        await world.expectLog("bomb.yaml", program)
        await world.expectLog("last.yaml", program)
        try writeFile(world.mount + "/a", "2")
        await world.expect("good", ["a": "2"], program)
        let peak = Files.text("/proc/\(program.process)/status").split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        let kilobytes = try #require(peak.flatMap { Int($0.filter(\.isNumber)) })
        #expect(kilobytes < 256 << 10)
        await program.stop()
    }

    /// As names of source files, folders and manifests, and in the content of a manifest.
    @Test("with names that look like log lines or move the cursor forges no line", arguments: ["json", "text"])
    func names(format: String) async throws {
        let world = try LocalWorld()
        let forged = [
            "\n{\"level\":\"error\",\"message\":\"FORGED\"}", "\r\n2026-11-21T08:30:00Z ERROR   FORGED",
            "\u{1b}[2J\u{1b}[1;1HFORGED", "\u{85}FORGED", "\u{2028}FORGED", "\u{9b}2JFORGED", "\u{202e}FORGED",
            "\" message=\"FORGED", "x\u{8}\u{8}FORGED",
        ]
        for (number, name) in forged.enumerated() {
            let path = name.replacing("/", with: "")
            try makeDirectory("\(world.mount)/\(path)")
            try require("mkfifo", path, mkfifo("\(world.mount)/\(path)/\(path)", 0o644))
            try writeFile(world.root("in/\(path).yaml"), "kind: [ \(name)")
            let escaped = path.unicodeScalars.map {
                "\\U" + String(String(0x1_0000_0000 + Int($0.value), radix: 16).dropFirst())
            }
            .joined()
            try writeFile(
                world.root("in/plain-\(number).yaml"),
                """
                apiVersion: xlscsde.nhs.uk/v1
                kind: SecretsDistribution
                metadata: {name: bad-\(number), namespace: web}
                spec: {name: bad-\(number), "\(escaped)": 1, secrets: [{from: "\(escaped)/\(escaped)", to: a}]}
                """)
        }
        try writeFile(world.mount + "/a", "1")
        try world.distribute("good", "a")
        let program = try await world.start(["LOG_FORMAT": format, "LOG_LEVEL": "debug"])
        await world.expect("good", ["a": "1"], program)
        for number in forged.indices { await world.expectLog("web/bad-\(number)", program) }
        await program.stop()

        let log = program.errors
        #expect(log.contains("FORGED"))
        for scalar in log.unicodeScalars where scalar != "\n" {
            let category = scalar.properties.generalCategory
            #expect(![.control, .format, .lineSeparator, .paragraphSeparator].contains(category), "\(scalar.value)")
        }
        for line in log.split(separator: "\n") {
            if format == "json" {
                #expect(line.hasPrefix("{\"time\":\"20") && line.hasSuffix("}"), "\(line)")
                #expect(!line.contains("\"message\":\"FORGED"), "\(line)")
            } else {
                #expect(line.dropFirst(26).first == "Z" && !line.dropFirst(28).hasPrefix("ERROR   FORGED"), "\(line)")
            }
        }
    }
}

/// Binds a socket in the file system and leaves its name there.
private func bindSocket(_ path: String) -> Int32 {
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = Array(path.utf8) + [0]
    guard bytes.count <= MemoryLayout.size(ofValue: address.sun_path) else { return -1 }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    return withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
        }
    }
}

private func append(_ text: String, to path: String) {
    let file = open(path, O_WRONLY | O_APPEND | O_CLOEXEC)
    guard file != -1 else { return }
    defer { close(file) }
    _ = write(file, text, text.utf8.count)
}
