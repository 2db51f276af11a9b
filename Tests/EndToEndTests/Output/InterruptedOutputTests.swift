import Glibc
import TestSupport
import Testing

/// SIGKILL during a write for an application, at each of its system calls that changes a file system.
@Suite("An interrupted write for an application")
struct InterruptedOutputTests {
    /// A state in which a killed writer leaves the folder of a Secret, made on top of a complete generation with the key
    /// `a` and the value `1`, while it writes the key `b` with `2`.
    enum State: String, CaseIterable, CustomTestStringConvertible {
        case emptyFolder = "only the folder was created"
        case emptyGeneration = "the folder of the generation was created"
        case someFiles = "some files were written"
        case links = "the links were created"
        case temporaryLink = "the link was not renamed"
        case swapped = "the new generation is in place, and nothing was removed"
        case unlinked = "the links of removed keys were removed"
        case halfRemoved = "the old generation was removed in part"

        var testDescription: String { rawValue }
        var isSwapped: Bool { [.swapped, .unlinked, .halfRemoved].contains(self) }
    }

    private func leave(_ state: State, in volume: AtomicVolume, isFirst: Bool) throws {
        if !isFirst { try volume.write(["a": "1"]) }
        let old = volume.dataTarget
        guard state != .emptyFolder else { return }
        let next: [String: [UInt8]] = ["b": Array("2".utf8)]
        let generation = try volume.writeGeneration(state == .emptyGeneration ? [:] : next)
        guard state != .emptyGeneration, state != .someFiles else { return }
        try volume.addLinks(for: next)
        guard state != .links else { return }
        guard state != .temporaryLink else {
            return try makeLink("\(volume.path)/..data_tmp", to: generation)
        }
        try volume.swap(to: generation)
        guard state != .swapped else { return }
        volume.removeLinks(except: next)
        if state == .halfRemoved, let old { unlink("\(volume.path)/\(old)/a") }
    }

    @Test("is completed or discarded by the next start", arguments: State.allCases, [true, false])
    func next(_ state: State, _ isFirst: Bool) async throws {
        let world = try OutputWorld("files")
        try world.source("b", "2")
        try world.distribute("app", ["b": "b"])
        let volume = try AtomicVolume("\(world.output)/app")
        chmod(world.output, 0o700)
        try leave(state, in: volume, isFirst: isFirst)
        let generation = state.isSwapped ? volume.dataTarget : nil
        let ended = try await world.run()
        #expect(ended.status == 0, "\(ended.errors)")
        #expect(world.file("app/b") == "2")
        #expect(world.names("app").count == 3, "\(world.names("app"))")
        #expect(world.names("app").contains("b"))
        #expect(world.names("app/..data") == ["b"])
        // A swap that was done is not repeated.
        if state.isSwapped { #expect(volume.dataTarget == generation) }
    }

    @Test(
        "of a Secret that no distribution describes leaves nothing behind",
        arguments: State.allCases.filter { !$0.isSwapped })
    func discarded(_ state: State) async throws {
        let world = try OutputWorld("files")
        try world.source("b", "2")
        try world.distribute("other", ["b": "b"])
        let volume = try AtomicVolume("\(world.output)/app")
        chmod(world.output, 0o700)
        try leave(state, in: volume, isFirst: true)
        #expect(try await world.run().status == 0)
        #expect(world.names() == [".secrets-distributor", "other"])
    }

    /// strace(1) delivers SIGKILL when a thread of the program makes a system call for the n-th time.
    @Test(
        "is not visible to a reader, wherever SIGKILL hits the program",
        arguments: ["mkdirat", "fchmod", "symlinkat", "renameat", "unlinkat", "fsync"])
    func killed(_ call: String) async throws {
        let world = try OutputWorld("files")
        let prepare = { (number: Int) in
            for name in ["a", "b"] { try world.source(name, "v\(number)") }
            // One key disappears and another appears.
            try world.distribute("app", ["a": "a", "b": "b", number.isMultiple(of: 2) ? "c" : "d": "a"])
        }
        try prepare(0)
        #expect(try await world.run().status == 0)
        var kills = 0
        for number in 1...100 {
            try prepare(number)
            let ended = try await Binary(
                ["sync"], environment: world.environment(),
                wrapper: [
                    "strace", "--follow-forks", "--seccomp-bpf", "--quiet=all", "--output", world.root("trace"),
                    "--trace", call, "--inject", "\(call):signal=KILL:when=\(number)",
                ]
            ).ended()
            let values = ["a", "b"].map { world.file("app/\($0)") }
            #expect(Set(values).count == 1, "\(call) \(number): \(values)")
            #expect(["v\(number - 1)", "v\(number)"].contains(values[0]))
            if ended.status == 0 { break }
            kills += 1
            #expect(try await world.run().status == 0)
            expectClean(world, "v\(number)", number.isMultiple(of: 2) ? "c" : "d")
        }
        #expect((1..<100).contains(kills))
    }

    @Test(
        "of a rotated value never takes the old value for the new one", arguments: ["json", "files"],
        ["renameat", "fsync"])
    func rotation(_ format: String, _ call: String) async throws {
        let world = try OutputWorld(format)
        try world.source("a", "one")
        let path = format == "json" ? "app.json" : "app/P"
        let prepare = { (number: Int) in
            try writeFile(
                world.root("in/.next"),
                """
                apiVersion: xlscsde.nhs.uk/v1
                kind: SecretsDistribution
                metadata: {name: app}
                spec: {name: app, secrets: [{to: P, generate: {kind: Password, rotate: "\(number)"}}]}
                """)
            try rename(world.root("in/.next"), to: world.root("in/app.yaml"))
        }
        try prepare(0)
        #expect(try await world.run().status == 0)
        var kills = 0
        for number in 1...100 {
            let old = try #require(world.file(path))
            try prepare(number)
            let ended = try await Binary(
                ["sync"], environment: world.environment(),
                wrapper: [
                    "strace", "--follow-forks", "--seccomp-bpf", "--quiet=all", "--output", world.root("trace"),
                    "--trace", call, "--inject", "\(call):signal=KILL:when=\(number)",
                ]
            ).ended()
            if ended.status == 0 { break }
            kills += 1
            #expect(try await world.run().status == 0)
            #expect(world.file(path) != old, "\(call) \(number)")
        }
        #expect((1..<100).contains(kills))
    }

    private func expectClean(_ world: OutputWorld, _ value: String, _ last: String) {
        #expect(["a", "b", last].map { world.file("app/\($0)") } == [value, value, value])
        let names = world.names("app")
        #expect(names.filter { !$0.hasPrefix("..") } == ["a", "b", last])
        #expect(names.filter { $0.hasPrefix("..") }.count == 2, "\(names)")
        #expect(world.names() == [".secrets-distributor", "app"])
    }
}
