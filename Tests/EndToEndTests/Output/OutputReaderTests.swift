import FoundationEssentials
import Glibc
import TestSupport
import Testing

/// What the program writes for an application, read by the real readers of each format.
@Suite("Files for an application")
struct OutputReaderTests {
    /// Texts that are written, as the content of source files.
    private static let values: [String] = [
        "plain", "a b", " leading and trailing ", "\ttab\t", "line\nline\n", "\n", "#", "a #b", "it's", "''", "\"",
        "\"quoted\" 'both'", "$HOME", "`id`", "$(id) $1", "a\\b", "a\\nb \\t", "a\\\\b", "!", "a=b", "=a", ":a", "~",
        "*", "ü", "日本語 \u{1F511} Ё", "export A=1", "ab+/=\n-----END X-----\n", "a;b&c|d<e>(f)", "%B", "-", "''#'",
        "\u{1}\u{7f}", "a\\\nb", "\\a", " ", "a\n#b\nc=d\n",
    ]
    /// Texts that python-dotenv cannot read from a file that a shell reads, see `EnvironmentFile`.
    private static let notForDotenv = ["it's $5", "it's `id`", "ends with \\", "a\rb\r\n", "${HOME}"]

    /// Writes the values with the program and returns them by key, with the path of the file.
    private func write(
        _ format: String, _ suffix: String, _ values: [String], _ world: OutputWorld
    ) async throws -> [String: String] {
        var keys: [String: String] = [:]
        for (index, value) in values.enumerated() {
            try world.source("f\(index)", value)
            keys["V\(index)"] = "f\(index)"
        }
        try world.distribute("app", keys)
        let ended = try await world.run()
        #expect(ended.status == 0, "\(ended.errors)")
        #expect(world.file("app\(suffix)") != nil)
        return Dictionary(uniqueKeysWithValues: values.enumerated().map { ("V\($0.offset)", $0.element) })
    }

    /// The variables `V…` of an output of `env -0`.
    private func variables(_ text: String) -> [String: String] {
        var found: [String: String] = [:]
        for entry in text.split(separator: "\0") {
            let parts = entry.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2, parts[0].hasPrefix("V") { found[String(parts[0])] = String(parts[1]) }
        }
        return found
    }

    private func expectSame(
        _ found: [String: String], _ written: [String: String], sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(found.count == written.count, sourceLocation: sourceLocation)
        for (key, value) in written {
            // Not with `==` of strings, which takes some different texts for equal.
            #expect(
                found[key].map { Array($0.utf8) } == Array(value.utf8), "\(key): \(value.debugDescription)",
                sourceLocation: sourceLocation)
        }
    }

    @Test("as env are read by shells", arguments: ["dash", "bash", "sh"])
    func shell(_ shell: String) async throws {
        let world = try OutputWorld("env")
        let written = try await write("env", ".env", Self.values + Self.notForDotenv, world)
        let script = "set -a; . \"\(world.output)/app.env\"; exec env -0"
        let run = try await ToolRun.run([shell, "-c", script])
        try #require(run.status == 0, "\(run.errors)")
        expectSame(variables(run.output), written)
    }

    @Test("as env are read by python-dotenv")
    func dotenv() async throws {
        let world = try OutputWorld("env")
        let written = try await write("env", ".env", Self.values, world)
        let script =
            "import dotenv, json, sys; "
            + "print(json.dumps(dotenv.dotenv_values(sys.argv[1], interpolate=False)))"
        let run = try await ToolRun.run(["/usr/bin/python3", "-c", script, "\(world.output)/app.env"])
        try #require(run.status == 0, "\(run.errors)")
        expectSame(try JSONDecoder().decode([String: String].self, from: Data(run.output.utf8)), written)
    }

    /// systemd-tmpfiles(8) expands `%B` to `BUILD_ID` of os-release(5), which systemd reads with the parser of
    /// `EnvironmentFile=` (`src/basic/env-file.c`). It needs no privileges.
    @Test("as env are read by systemd's parser")
    func systemdParser() async throws {
        for value in Self.values + Self.notForDotenv {
            let world = try OutputWorld("env")
            try world.source("a", value)
            try world.distribute("app", ["BUILD_ID": "a"])
            let ended = try await world.run()
            try #require(ended.status == 0, "\(ended.errors)")
            try writeFile(world.root("rule.conf"), "f+ \(world.root("read")) - - - - %B\n")
            let run = try await ToolRun.run([
                "env", "SYSTEMD_OS_RELEASE=\(world.output)/app.env", "systemd-tmpfiles", "--create",
                world.root("rule.conf"),
            ])
            try #require(run.status == 0, "\(run.errors)")
            #expect(try Array(Data(contentsOf: URL(fileURLWithPath: world.root("read")))) == Array(value.utf8))
        }
    }

    /// A systemd of its own, as process 1 of new namespaces, starts a service with the file as its `EnvironmentFile=`.
    @Test("as env are read by a service of systemd", .enabled(if: Privileges.mayMount, "needs CAP_SYS_ADMIN"))
    func systemd() async throws {
        let world = try OutputWorld("env")
        let written = try await write("env", ".env", Self.values + Self.notForDotenv, world)
        let unit = """
            [Unit]
            DefaultDependencies=no
            [Service]
            Type=oneshot
            EnvironmentFile=\(world.output)/app.env
            ExecStart=/bin/sh -c 'env -0 > \(world.root("read"))'
            ExecStartPost=/bin/systemctl --force --force poweroff
            """
        try writeFile(world.root("probe.service"), unit)
        let script = """
            set -e
            mount -t tmpfs tmpfs /run
            mount -t tmpfs tmpfs /sys/fs/cgroup
            mount -t cgroup2 none /sys/fs/cgroup
            mkdir -p /run/systemd/system
            cp \(world.root("probe.service")) /run/systemd/system/
            export container=test
            exec /lib/systemd/systemd --system --unit=probe.service --log-target=console --show-status=no
            """
        try writeFile(world.root("start"), script)
        let run = try await ToolRun.run([
            "timeout", "60", "unshare", "--pid", "--fork", "--kill-child", "--mount", "--mount-proc", "--cgroup",
            "--uts", "--ipc", "sh", world.root("start"),
        ])
        let read = try? Data(contentsOf: URL(fileURLWithPath: world.root("read")))
        let text = String(decoding: try #require(read, "\(run.output)\(run.errors)"), as: UTF8.self)
        expectSame(variables(text), written)
    }

    /// Prints the entries as `key hexadecimal` lines.
    private static let java = """
        import java.io.*;
        import java.nio.charset.StandardCharsets;
        import java.util.*;
        class Read {
            public static void main(String[] arguments) throws IOException {
                var properties = new Properties();
                if (arguments[1].equals("stream")) properties.load(new FileInputStream(arguments[0]));
                else properties.load(new InputStreamReader(new FileInputStream(arguments[0]), StandardCharsets.UTF_8));
                for (var name : properties.stringPropertyNames()) {
                    var bytes = properties.getProperty(name).getBytes(StandardCharsets.UTF_8);
                    System.out.println(name + " " + HexFormat.of().formatHex(bytes));
                }
            }
        }
        """

    @Test("as properties are read by java.util.Properties", arguments: ["stream", "reader"])
    func properties(_ source: String) async throws {
        let world = try OutputWorld("properties")
        let written = try await write("properties", ".properties", Self.values + Self.notForDotenv, world)
        try writeFile(world.root("Read.java"), Self.java)
        let run = try await ToolRun.run(["java", world.root("Read.java"), "\(world.output)/app.properties", source])
        try #require(run.status == 0, "\(run.errors)")
        var found: [String: String] = [:]
        for line in run.output.split(separator: "\n") {
            let parts = line.split(separator: " ", omittingEmptySubsequences: false)
            let digits = Array(parts[1].utf8)
            let bytes = stride(from: 0, to: digits.count, by: 2).compactMap {
                UInt8(String(decoding: digits[$0..<($0 + 2)], as: UTF8.self), radix: 16)
            }
            found[String(parts[0])] = String(decoding: bytes, as: UTF8.self)
        }
        expectSame(found, written)
    }

    @Test("as json are read by Python")
    func json() async throws {
        let world = try OutputWorld("json")
        let written = try await write("json", ".json", Self.values + Self.notForDotenv, world)
        let script = "import json, sys; print(json.dumps(json.load(open(sys.argv[1]))))"
        let run = try await ToolRun.run(["python3", "-c", script, "\(world.output)/app.json"])
        try #require(run.status == 0, "\(run.errors)")
        expectSame(try JSONDecoder().decode([String: String].self, from: Data(run.output.utf8)), written)
    }

    @Test("as kees are read by a shell and base64(1)")
    func kees() async throws {
        let world = try OutputWorld("kees")
        var keys: [String: String] = [:]
        for (index, value) in Self.values.enumerated() {
            try world.source("f\(index)", value)
            keys["V\(index)"] = "f\(index)"
        }
        try world.distribute("app", keys)
        let ended = try await world.run()
        #expect(ended.status == 0, "\(ended.errors)")
        let script = """
            while IFS='=' read -r name value; do
                printf '%s=' "$name"; printf '%s' "$value" | base64 -d; printf '\\0'
            done < "$1"
            """
        let run = try await ToolRun.run(["bash", "-c", script, "read", "\(world.output)/secrets.properties"])
        try #require(run.status == 0, "\(run.errors)")
        let written = Dictionary(
            uniqueKeysWithValues: Self.values.enumerated().map { ("V\($0.offset)", $0.element) })
        expectSame(variables(run.output), written)
        let names = try #require(world.file("secrets.properties")).split(separator: "\n").map { line in
            String(line.prefix { $0 != "=" })
        }
        #expect(names == names.sorted())
    }

    /// Our own reader takes the folder for an atomically written volume, and distributes it like any mount.
    @Test("as files are read by this program as a volume")
    func files() async throws {
        let world = try OutputWorld("files")
        let written = try await write("files", "/V0", Self.values, world)
        let second = try OutputWorld("json")
        let keys = Dictionary(uniqueKeysWithValues: written.keys.map { ($0, $0) })
        try second.distribute("copy", keys)
        let ended = try await second.run("sync", ["SECRETS_PATH": "\(world.output)/app"])
        #expect(ended.status == 0, "\(ended.errors)")
        #expect(!ended.errors.contains("files are written one by one"))
        let text = try #require(second.file("copy.json"))
        expectSame(try JSONDecoder().decode([String: String].self, from: Data(text.utf8)), written)
    }
}
