import Glibc
import TestSupport
import Testing

/// The whole program with an `OUTPUT_PATH` that others can change.
@Suite("The output folder of local mode")
struct LocalOutputTests {
    @Test("that others may write ends the program with 78 and an explanation")
    func writable() async throws {
        let world = try LocalWorld()
        try makeDirectory(world.output)
        chmod(world.output, 0o770)
        for command in ["run", "sync", "plan"] {
            let ended = try await Binary(
                [command],
                environment: [
                    "SECRETS_PATH": world.mount, "DISTRIBUTIONS_PATH": world.root("in"), "OUTPUT_PATH": world.output,
                ]
            ).ended()
            #expect(ended.status == 78)
            #expect(
                ended.errors.contains(
                    "OUTPUT_PATH is \"\(world.output)\", expected a folder that root and the agent's user alone may write:"
                        + " its mode is 0770"))
        }
    }

    @Test("with a namespace's folder replaced by a link: nothing is written outside, and writes resume when it is back")
    func exchangedNamespace() async throws {
        let world = try LocalWorld()
        try writeFile(world.mount + "/a", "1")
        try world.distribute("one", "a")
        let program = try await world.start()
        await world.expect("one", ["a": "1"], program)
        let outside = world.root("outside")
        try makeDirectory(outside)
        let manifest = Files.text(world.manifest("one"))
        try writeFile(outside + "/one.yaml", manifest)
        try makeLink(world.root("link"), to: outside)
        #expect(exchange(world.root("link"), world.output + "/web"))
        try writeFile(world.mount + "/a", "2")
        await world.expectLog("distribution held back", program)
        #expect(program.errors.contains("a link that is not followed here"))
        #expect(names(in: outside) == ["one.yaml"])
        #expect(Files.text(outside + "/one.yaml") == manifest)
        #expect(exchange(world.root("link"), world.output + "/web"))
        // Without the signal the agent would retry after a minute.
        program.signal(SIGHUP)
        await world.expect("one", ["a": "2"], program)
        await program.stop()
    }

    @Test("that is moved away gets no more writes, which is logged, until it is back")
    func moved() async throws {
        let world = try LocalWorld()
        try writeFile(world.mount + "/a", "1")
        try world.distribute("one", "a")
        let program = try await world.start()
        await world.expect("one", ["a": "1"], program)
        let moved = world.root("moved")
        try rename(world.output, to: moved)
        await world.expectLog("\"output folder cannot be read\"", program)
        try writeFile(world.mount + "/a", "2")
        await world.expectLog("was moved, removed or replaced since startup", times: 2, program)
        #expect(names(in: moved) == ["web"])
        try rename(moved, to: world.output)
        await world.expectLog("\"output folder can be read again\"", program)
        await world.expect("one", ["a": "2"], program)
        await program.stop()
    }
}
