import FoundationEssentials
import Glibc
import TestSupport
import Testing

/// The formats of local mode that an application reads: what the program writes, keeps, repairs and removes.
@Suite("The output for an application")
struct OutputTests {
    /// A format and the path of key `A` of Secret `app` in it.
    struct Format: Sendable, CustomTestStringConvertible {
        let name: String
        let path: String
        /// The text of the file if key `A` holds this value.
        let text: @Sendable (String) -> String

        var testDescription: String { name }

        static let files = Format(name: "files", path: "app/A") { $0 }
        static let all = [
            files,
            Format(name: "env", path: "app.env") { "A=\($0)\n" },
            Format(name: "properties", path: "app.properties") { "A=\($0)\n" },
            Format(name: "json", path: "app.json") { "{\n  \"A\": \"\($0)\"\n}\n" },
            Format(name: "kees", path: "secrets.properties") { "A=\(Data($0.utf8).base64EncodedString())\n" },
        ]
    }

    @Test("is written once, rotated, and not written again by a restart", arguments: Format.all)
    func rotation(_ format: Format) async throws {
        let world = try OutputWorld(format.name)
        try world.source("a", "one")
        try world.distribute("app", ["A": "a"])
        let planned = try await world.run("plan")
        #expect(planned.status == 2, "\(planned.errors)")
        #expect(planned.output.contains("+A"))
        #expect(access(world.output, F_OK) != 0)
        #expect(try await world.run().status == 0)
        #expect(world.file(format.path) == format.text("one"))
        let first = try world.status(format.path)
        // Neither another pass nor a running agent writes what is there.
        #expect(try await world.run().output.contains("0 Secrets written"))
        #expect(try await world.run("plan").status == 0)
        let program = try await world.start()
        await expectReady(program)
        #expect(try world.status(format.path).inode == first.inode)
        try world.source("a", "two")
        await world.expect(format.path, format.text("two"), program)
        await program.stop()
        // Nothing remains of the old content.
        let found = try await ToolRun.run(["grep", "-rlE", "^(A=)?one|b25l", world.output])
        #expect(found.output.isEmpty, "\(found.output)")
    }

    @Test("that somebody changes is repaired", arguments: Format.all)
    func drift(_ format: Format) async throws {
        let world = try OutputWorld(format.name)
        try world.source("a", "one")
        try world.distribute("app", ["A": "a"])
        let program = try await world.start()
        await world.expect(format.path, format.text("one"), program)
        let path = "\(world.output)/\(format.path)"
        for change in ["replaced", "damaged", "removed"] {
            switch change {
            case "replaced": try writeFile(world.root("new"), format.text("other"))
            case "damaged": try writeFile(world.root("new"), "\u{0}")
            default: break
            }
            if change == "removed" { unlink(path) } else { try rename(world.root("new"), to: path) }
            await world.expect(format.path, format.text("one"), program)
        }
        await program.stop()
    }

    @Test("of files replaces what others put into the folder, and keeps folders")
    func foreignFiles() async throws {
        let world = try OutputWorld("files")
        try world.source("a", "one")
        try world.distribute("app", ["A": "a"])
        let program = try await world.start()
        await world.expect("app/A", "one", program)
        try writeFile("\(world.output)/app/B", "foreign")
        #expect(await eventually { world.file("app/B") == nil }, "\(program.errors)")
        try makeLink("\(world.output)/app/C", to: "/etc/passwd")
        #expect(await eventually { world.names("app").contains("C") == false }, "\(program.errors)")
        try makeDirectory("\(world.output)/app/kept")
        try world.source("a", "two")
        await world.expect("app/A", "two", program)
        #expect(access("\(world.output)/app/kept", F_OK) == 0)
        await program.stop()
    }

    @Test("keeps a generated value, whatever happens to its links and its metadata")
    func generated() async throws {
        let world = try OutputWorld("files")
        try world.source("a", "one")
        try writeFile(
            world.root("in/app.yaml"),
            """
            apiVersion: xlscsde.nhs.uk/v1
            kind: SecretsDistribution
            metadata: {name: app}
            spec: {name: app, secrets: [{from: a, to: A}, {to: P, generate: {kind: Password}}]}
            """)
        #expect(try await world.run().status == 0)
        let value = try #require(world.file("app/P"))
        for damage in ["unlinked", "replaced", "without metadata", "rotated"] {
            switch damage {
            case "unlinked": unlink("\(world.output)/app/P")
            case "replaced":
                try writeFile(world.root("new"), "other")
                try rename(world.root("new"), to: "\(world.output)/app/P")
            case "without metadata": removeTree("\(world.output)/.secrets-distributor")
            default: try world.source("a", "two")
            }
            let ended = try await world.run()
            #expect(ended.status == 0, "\(damage): \(ended.output)")
            #expect(world.file("app/P") == value, "\(damage)")
        }
        #expect(world.file("app/A") == "two")
    }

    @Test("is removed or kept as deletionPolicy says", arguments: Format.all.dropLast(), ["Delete", "Retain"])
    func deletion(_ format: Format, _ policy: String) async throws {
        let world = try OutputWorld(format.name)
        try world.source("a", "one")
        try world.distribute("app", ["A": "a"], deletion: policy)
        try world.distribute("other", ["A": "a"])
        #expect(try await world.run().status == 0)
        unlink(world.root("in/team-app.yaml"))
        #expect(try await world.run().status == 0)
        #expect(world.file(format.path) == (policy == "Delete" ? nil : format.text("one")))
        let isThere = world.names().contains { $0.hasPrefix("app") }
        #expect(isThere == (policy == "Retain"))
        #expect(world.names(".secrets-distributor").contains("app.json") == (policy == "Retain"))
        #expect(world.names().contains { $0.hasPrefix("other") })
    }

    @Test("that lost its metadata is adopted without a change of the files", arguments: Format.all)
    func lostMetadata(_ format: Format) async throws {
        let world = try OutputWorld(format.name)
        try world.source("a", "one")
        try world.distribute("app", ["A": "a"], labels: "{team: x}")
        #expect(try await world.run().status == 0)
        let before = try world.status(format.path)
        let folder = "\(world.output)/.secrets-distributor"
        let name = try #require(world.names(".secrets-distributor").first)
        let metadata = try #require(world.file(".secrets-distributor/\(name)"))
        #expect(metadata.contains("\"team\":\"x\""))
        #expect(!metadata.contains("\"data\"") && !metadata.contains("one") && !metadata.contains("b25l"))
        for damage in ["removed", "damaged"] {
            if damage == "removed" { removeTree(folder) } else { try writeFile("\(folder)/\(name)", "{") }
            let ended = try await world.run()
            #expect(ended.status == 0, "\(ended.errors)")
            #expect(try world.status(format.path).inode == before.inode)
            #expect(world.file(".secrets-distributor/\(name)") != nil)
        }
        unlink(world.root("in/team-app.yaml"))
        try world.distribute("zzz", ["A": "a"])
        #expect(try await world.run().status == 0)
        // The owner is known again, and the file goes with its distribution.
        if format.name != "kees" { #expect(world.file(format.path) == nil) }
    }

    @Test("of one path belongs to one distribution, whatever their namespaces", arguments: Format.all)
    func conflict(_ format: Format) async throws {
        let world = try OutputWorld(format.name)
        try world.source("a", "one")
        try world.source("b", "two")
        try world.distribute("app", ["A": "a"], namespace: "team-a")
        try world.distribute("app", ["A": "b"], namespace: "team-b")
        let ended = try await world.run()
        #expect(ended.status == 1)
        #expect(ended.output.contains("TargetConflict"))
        #expect(ended.output.contains("belongs to SecretsDistribution team-a/app"))
        #expect(world.file(format.path) == format.text("one"))
        unlink(world.root("in/team-a-app.yaml"))
        #expect(try await world.run().status == 0)
        #expect(world.file(format.path) == format.text("two"))
    }

    @Test("of kees is one file, for one distribution of any name, all or nothing")
    func kees() async throws {
        let world = try OutputWorld("kees")
        try world.source("a", "one")
        try world.distribute("app", ["A": "a"])
        try world.distribute("bpp", ["A": "a"])
        let ended = try await world.run()
        #expect(ended.status == 1)
        #expect(ended.output.contains("team/bpp   TargetConflict"))
        #expect(ended.output.contains("expected one distribution alone"))
        unlink(world.root("in/team-bpp.yaml"))
        try world.distribute("app", ["A": "a", "B": "missing"])
        try world.source("a", "two")
        #expect(try await world.run().status == 1)
        #expect(world.file("secrets.properties") == "A=b25l\n")
        #expect(world.names() == [".secrets-distributor", "secrets.properties"])
    }

    @Test("has the mode and the group that are set, also after they change")
    func attributes() async throws {
        for format in Format.all {
            let world = try OutputWorld(format.name)
            try world.source("a", "one")
            try world.distribute("app", ["A": "a"])
            #expect(try await world.run().status == 0)
            let first = try world.status(format.path)
            #expect(first.mode == 0o440)
            // Root can give files to any group; others only to their own.
            let group = geteuid() == 0 ? 12_345 : getegid()
            let ended = try await world.run("sync", ["OUTPUT_MODE": "0604", "OUTPUT_GROUP": "\(group)"])
            #expect(ended.status == 0, "\(ended.errors)")
            #expect(ended.output.contains("0 Secrets written"))
            let second = try world.status(format.path)
            #expect(second == (first.inode, 0o604, group))
            let folder = try world.status("")
            #expect(folder.mode == 0o705)
            #expect(folder.group == group)
            if format.name == "files" { #expect(try world.status("app/..data").mode == 0o705) }
            #expect(try world.status(".secrets-distributor").mode == 0o700)
        }
    }

    /// Without CAP_CHOWN, root can give a file only to its own groups, like any user.
    @Test("with a group of which the user is no member ends with 78", arguments: ["files", "json"])
    func foreignGroup(_ format: String) async throws {
        let world = try OutputWorld(format)
        try world.source("a", "one")
        try world.distribute("app", ["A": "a"])
        let ended = try await Binary(
            ["sync"], environment: world.environment(["OUTPUT_GROUP": "12345"]),
            wrapper: geteuid() == 0 ? ["setpriv", "--inh-caps=-chown", "--bounding-set=-chown"] : []
        ).ended()
        #expect(ended.status == 78, "\(ended.errors)")
        #expect(ended.errors.contains("OUTPUT_GROUP is \"12345\", expected a group of which"), "\(ended.errors)")
    }

    @Test("belongs to one agent at a time", arguments: Format.all)
    func lock(_ format: Format) async throws {
        let world = try OutputWorld(format.name)
        try world.source("a", "one")
        try world.distribute("app", ["A": "a"])
        #expect(try await world.run().status == 0)
        let program = try await world.start()
        await expectReady(program)
        for command in ["run", "sync"] {
            let ended = try await world.run(command)
            #expect(ended.status == 78, "\(ended.errors)")
            #expect(
                ended.errors.contains(
                    "OUTPUT_PATH is \"\(world.output)\", expected a folder that no other secrets-distributor uses"),
                "\(ended.errors)")
        }
        // It writes nothing there.
        #expect(try await world.run("plan").status == 0)
        await program.stop()
        #expect(try await world.run().status == 0)
    }

    @Test("keeps generated values in a file that cannot be read", arguments: Format.all.filter { $0.name != "files" })
    func damagedGenerated(_ format: Format) async throws {
        let world = try OutputWorld(format.name)
        try writeFile(
            world.root("in/app.yaml"),
            """
            apiVersion: xlscsde.nhs.uk/v1
            kind: SecretsDistribution
            metadata: {name: app}
            spec: {name: app, secrets: [{to: P, generate: {kind: Password}}]}
            """)
        try world.source("a", "one")
        #expect(try await world.run().status == 0)
        let path = "\(world.output)/\(format.path)"
        let good = try #require(world.file(format.path))
        let damaged = good + "\u{0}"
        try writeFile(world.root("new"), damaged)
        try rename(world.root("new"), to: path)
        let ended = try await world.run()
        #expect(ended.status == 1, "\(ended.errors)")
        #expect(ended.output.contains("WriteFailed"), "\(ended.output)")
        #expect(ended.output.contains("restore it, or remove it to generate new ones"), "\(ended.output)")
        #expect(world.file(format.path) == damaged)
        try writeFile(world.root("new"), good)
        try rename(world.root("new"), to: path)
        #expect(try await world.run().status == 0)
        #expect(world.file(format.path) == good)
        unlink(path)
        #expect(try await world.run().status == 0)
        let next = try #require(world.file(format.path))
        #expect(next != good)
    }

    @Test("takes a group by its name")
    func groupName() async throws {
        let world = try OutputWorld("json")
        try world.source("a", "one")
        try world.distribute("app", ["A": "a"])
        let name = try await ToolRun.run(["id", "-gn"]).output.split(separator: "\n").joined()
        #expect(try await world.run("sync", ["OUTPUT_GROUP": name]).status == 0)
        #expect(try world.status("app.json").group == getegid())
    }

    @Test("holds back what its format cannot express, and names the key, not the value")
    func notExpressible() async throws {
        for format in ["env", "properties", "json"] {
            let world = try OutputWorld(format)
            try world.source("a", "hunter2\u{0}")
            try writeFile("\(world.mount)/b", [0x68, 0xff, 0x69])
            try world.distribute("app", ["A": "a"])
            try world.distribute("bpp", ["B": "b"])
            for command in ["plan", "sync"] {
                let ended = try await world.run(command)
                #expect(ended.status == 1)
                #expect(ended.output.contains("WriteFailed"))
                let text = "OUTPUT_FORMAT \(format) cannot express data key"
                #expect(ended.output.contains("\(text) \"A\", expected a value without NUL bytes"))
                #expect(ended.output.contains("\(text) \"B\", expected a value in UTF-8"))
                #expect(!(ended.output + ended.errors).contains("hunter2"))
            }
            #expect(world.file("app.\(format)") == nil)
            // The last good value stays.
            try world.source("a", "good")
            _ = try await world.run()
            let good = world.file("app.\(format)")
            #expect(good != nil)
            try world.source("a", "\u{0}")
            #expect(try await world.run().status == 1)
            #expect(world.file("app.\(format)") == good)
        }
        let world = try OutputWorld("env")
        try world.source("a", "x")
        try world.distribute("app", ["tls.crt": "a"])
        let ended = try await world.run()
        #expect(ended.status == 1)
        #expect(ended.output.contains("InvalidSpec"))
        #expect(ended.output.contains("data key \"tls.crt\", expected the name of a variable"))
    }

    @Test("leaves the files alone if only metadata changes")
    func metadataOnly() async throws {
        let world = try OutputWorld("files")
        try world.source("a", "one")
        try world.distribute("app", ["A": "a"])
        #expect(try await world.run().status == 0)
        let before = try world.status("app/A")
        try world.distribute("app", ["A": "a"], labels: "{team: x}")
        #expect(try await world.run().status == 0)
        #expect(try world.status("app/A").inode == before.inode)
        #expect(world.file(".secrets-distributor/app.json")?.contains("\"team\":\"x\"") == true)
    }

    @Test("follows the access policy of the distribution's own namespace")
    func policy() async throws {
        let world = try OutputWorld("json")
        try world.source("a", "one")
        try world.distribute("app", ["A": "a"], namespace: "team-a")
        try world.distribute("bpp", ["A": "a"], namespace: "team-b")
        try writeFile(
            world.root("policy.yaml"),
            """
            apiVersion: xlscsde.nhs.uk/v1
            kind: SecretsAccessPolicy
            spec:
              rules:
                - {namespaces: ["team-a"], files: ["*"]}
            """)
        let ended = try await world.run("sync", ["POLICY_PATH": world.root("policy.yaml")])
        #expect(ended.status == 1, "\(ended.output)\(ended.errors)")
        #expect(ended.output.contains("PolicyDenied"))
        #expect(ended.output.contains("namespace \"team-b\""))
        #expect(world.file("app.json") != nil)
        #expect(world.file("bpp.json") == nil)
    }

    @Test("serves the namespaces that WATCH_NAMESPACES names")
    func watchNamespaces() async throws {
        let world = try OutputWorld("json")
        try world.source("a", "one")
        try world.distribute("app", ["A": "a"], namespace: "team-a")
        try world.distribute("bpp", ["A": "a"], namespace: "team-b")
        #expect(try await world.run("sync", ["WATCH_NAMESPACES": "team-b"]).status == 0)
        #expect(world.names() == [".secrets-distributor", "bpp.json"])
    }

    @Test("has no targets of cluster distributions, which a status says")
    func clusterDistribution() async throws {
        let world = try OutputWorld("json")
        try world.source("a", "one")
        try writeFile(
            world.root("in/c.yaml"),
            """
            apiVersion: xlscsde.nhs.uk/v1
            kind: ClusterSecretsDistribution
            metadata: {name: all}
            spec:
              namespaces: ["*"]
              template: {name: app, secrets: [{from: a, to: A}]}
            """)
        let ended = try await world.run()
        #expect(ended.status == 1)
        #expect(ended.output.contains("InvalidSpec"))
        #expect(ended.output.contains("paths in OUTPUT_PATH have no namespace"))
        #expect(world.file("app.json") == nil)
    }

    @Test(
        "with a setting that cannot be used ends the program with 78 and an explanation",
        arguments: [
            (
                ["OUTPUT_FORMAT": "xml"],
                "OUTPUT_FORMAT is \"xml\", expected manifests, files, env, properties, json or kees"
            ),
            (["OUTPUT_MODE": "0888"], "OUTPUT_MODE is \"0888\", expected an octal mode"),
            (["OUTPUT_MODE": "040"], "OUTPUT_MODE is \"040\", expected an octal mode"),
            (["OUTPUT_MODE": "0642"], "OUTPUT_MODE is \"0642\", expected an octal mode"),
            (["OUTPUT_MODE": "+440"], "OUTPUT_MODE is \"+440\", expected an octal mode"),
            (
                ["OUTPUT_GROUP": "no-such-group"],
                "OUTPUT_GROUP is \"no-such-group\", expected a gid or the name of a group"
            ),
            (["OUTPUT_GROUP": "-1"], "OUTPUT_GROUP is \"-1\", expected a gid"),
            (["OUTPUT_GROUP": "4294967295"], "OUTPUT_GROUP is \"4294967295\", expected a gid"),
            (["NAMESPACES": "a"], "NAMESPACES is \"a\", expected OUTPUT_FORMAT manifests"),
            (
                ["OUTPUT_FORMAT": "manifests", "OUTPUT_MODE": "0400"],
                "OUTPUT_MODE is \"0400\", expected OUTPUT_FORMAT other"
            ),
            (
                ["OUTPUT_PATH": "", "DISTRIBUTIONS_PATH": ""],
                "OUTPUT_FORMAT is \"files\", expected OUTPUT_PATH as well"
            ),
        ])
    func invalid(_ settings: [String: String], _ message: String) async throws {
        let world = try OutputWorld("files")
        let ended = try await world.run("sync", settings)
        #expect(ended.status == 78)
        #expect(ended.errors.contains(message), "\(ended.errors)")
    }

    private func expectReady(_ program: Binary) async {
        #expect(await eventually { program.errors.contains("first pass done") }, "\(program.errors)")
    }
}
