import Glibc
import TestSupport
import Testing

/// Several vaults below one `SECRETS_PATH`, each with its own volume, with the whole program in local mode.
@Suite("A volume in a folder of the mount")
struct NestedVolumeFaultTests {
    @Test("keeps its optional keys when it is emptied, also after a restart, while other volumes continue to work")
    func emptied() async throws {
        let world = try LocalWorld()
        try world.distribute("both", "plain", "?azure/pw")
        try writeFile(world.mount + "/plain", "1")
        let azure = try AtomicVolume(world.mount + "/azure")
        try azure.write(["pw": "one"])
        let first = try await world.start()
        await world.expect("both", ["plain": "1", "pw": "one"], first)
        let seen = try ContentSampler(world, "both")

        for name in names(in: azure.path) { removeTree("\(azure.path)/\(name)") }
        await world.expectLog("volume has no generation", first)
        try writeFile(world.mount + "/plain", "2")
        await world.expect("both", ["plain": "2", "pw": "one"], first)
        await first.stop()

        // The new process has never seen the volume, but the annotation of the Secret names it. Then the folder itself
        // is removed.
        let second = try await world.start()
        await world.expectLog("SourceUnreadable", second)
        await second.stop()
        removeTree(azure.path)
        let third = try await world.start()
        await world.expectLog("SourceUnreadable", third)
        try writeFile(world.mount + "/plain", "3")
        await world.expectLog("mount changed", third)
        #expect(world.secret("both") == ["plain": "2", "pw": "one"])

        try AtomicVolume(azure.path, firstNumber: 10).write(["pw": "two"])
        await world.expect("both", ["plain": "3", "pw": "two"], third)
        // The volume is mounted again without the key's file: this file is really gone.
        try AtomicVolume(azure.path, firstNumber: 20).write(["other": "x"])
        await world.expect("both", ["plain": "3"], third)
        await third.stop()
        let allowed: [[String: String]?] = [
            ["plain": "1", "pw": "one"], ["plain": "2", "pw": "one"], ["plain": "3", "pw": "two"], ["plain": "3"],
        ]
        #expect(seen.end().subtracting(allowed).isEmpty)
    }

    @Test("keeps its optional keys when it is half removed at startup")
    func halfRemoved() async throws {
        let world = try LocalWorld()
        try world.distribute("both", "plain", "?azure/pw")
        try writeFile(world.mount + "/plain", "1")
        let azure = try AtomicVolume(world.mount + "/azure")
        try azure.write(["pw": "one"])
        let first = try await world.start()
        await world.expect("both", ["plain": "1", "pw": "one"], first)
        await first.stop()
        unlink(azure.path + "/..data")
        let second = try await world.start()
        await world.expectLog("no ..data", second)
        await world.expectLog("SourceUnreadable", second)
        #expect(world.secret("both") == ["plain": "1", "pw": "one"])
        await second.stop()
    }

    @Test("gives each of its files one name, also for the policy")
    func policy() async throws {
        let world = try LocalWorld()
        try AtomicVolume(world.mount + "/azure").write(["pw": "one", "other": "two"])
        try writeFile(
            world.root("policy.yaml"),
            """
            kind: SecretsAccessPolicy
            spec:
              mode: Enforce
              default: Allow
              rules:
                - {namespaces: [shop], files: [azure/pw]}
            """)
        try world.distribute("denied", "azure/..data/pw")
        try world.distribute("allowed", "azure/..data/other")
        let generation = names(in: world.mount + "/azure").first { $0.hasPrefix("..2026") } ?? ""
        try world.distribute("hidden", "azure/\(generation)/pw")
        let program = try await world.start(["POLICY_PATH": world.root("policy.yaml")])
        await world.expect("allowed", ["other": "two"], program)
        await world.expectLog("PolicyDenied", program)
        await world.expectLog("a name that the volume reserves", program)
        #expect(world.secret("denied") == nil)
        #expect(world.secret("hidden") == nil)
        await program.stop()
    }

    @Test("records its generation in the Secret, and nothing of other volumes")
    func generation() async throws {
        let world = try LocalWorld()
        try world.distribute("nested", "azure/pw")
        try world.distribute("plain", "plain")
        try writeFile(world.mount + "/plain", "1")
        let name = try AtomicVolume(world.mount + "/azure").write(["pw": "one"])
        let program = try await world.start()
        await world.expect("nested", ["pw": "one"], program)
        await world.expect("plain", ["plain": "1"], program)
        #expect(Files.text(world.manifest("nested")).contains("azure/\(name)"))
        #expect(!Files.text(world.manifest("plain")).contains("azure"))
        await program.stop()
    }
}

/// Files that belong together and change one after another, as AWS's provider writes them by default.
@Suite("A folder that is written file by file")
struct FileByFileTests {
    @Test("causes a warning, and is read as a whole if DEBOUNCE_QUIET is longer than the pause between two files")
    func quiet() async throws {
        let world = try LocalWorld()
        try world.distribute("both", "user", "password")
        func write(_ name: String, _ text: String) throws {
            try writeFile(world.root("next"), text)
            try rename(world.root("next"), to: world.mount + "/" + name)
        }
        for name in ["user", "password"] { try write(name, "1") }
        let program = try await world.start(["DEBOUNCE_QUIET": "4s", "DEBOUNCE_MAX": "20s"])
        await world.expect("both", ["user": "1", "password": "1"], program)
        #expect(program.logged("files are written one by one") == 1)
        let seen = try ContentSampler(world, "both")
        for number in 2...3 {
            try write("user", "\(number)")
            // The pause between two files. Requested comparisons wait as well.
            usleep(50_000)
            program.signal(SIGHUP)
            usleep(50_000)
            try write("password", "\(number)")
            await world.expect("both", ["user": "\(number)", "password": "\(number)"], program)
        }
        #expect(seen.end() == Set((1...3).map { ["user": "\($0)", "password": "\($0)"] }))
        await program.stop()
    }
}

/// A folder of a volume mounted by `subPath`: the kubelet mounts the folder of one generation.
@Suite("A folder mounted by subPath")
struct SubPathTests {
    @Test(
        "causes a warning, and when its generation is deleted the statuses report that no more rotations arrive",
        .enabled(if: Privileges.mayMount, "needs CAP_SYS_ADMIN"), arguments: ["", "nested", "certs/nested"])
    func folder(_ place: String) async throws {
        let world = try LocalWorld()
        let prefix = place.isEmpty ? "" : place + "/"
        try world.distribute("both", prefix + "pw", "?" + prefix + "ca")
        let mountPoint = world.mount + (place.isEmpty ? "" : "/" + place)
        try makeDirectory(mountPoint)
        // What is mounted beside the links of a volume is a volume of its own.
        if place.contains("/") { try AtomicVolume(world.mount).write(["own": "1"]) }
        let volume = try AtomicVolume(world.root("volume"))
        let name = try volume.write(["certs/pw": "one", "certs/ca": "two"])
        let mount =
            "mount --bind '\(world.root("volume/\(name)/certs"))' '\(mountPoint)'" + " && exec \"$0\" \"$@\""
        let program = try await world.start(
            ["LOG_LEVEL": "debug"], wrapper: MountNamespace.wrapper + ["sh", "-c", mount])
        await world.expect("both", ["pw": "one", "ca": "two"], program)
        await world.expectLog("files mounted with subPath never change", program)
        let seen = try ContentSampler(world, "both")

        try volume.write(["certs/pw": "new", "certs/ca": "new"])
        await world.expectLog("its source was deleted", program)
        await world.expectLog("No more rotations arrive", program)
        #expect(seen.end() == [["pw": "one", "ca": "two"]])
        await program.stop()
    }
}
