import FoundationEssentials
import Glibc
import TestSupport
import Testing

@Suite("The program")
struct CommandTests {
    static let manifest = """
        apiVersion: xlscsde.nhs.uk/v1
        kind: SecretsDistribution
        metadata:
          name: wildcard
          namespace: web
        spec:
          name: wildcard-tls-secret
          type: Opaque
          secrets:
            - from: certificate
              to: tls.crt
            - from: key
              to: tls.key
        """

    /// A mount, a folder of distributions and a folder for the Secrets.
    private struct Folders {
        let directory = try? TemporaryDirectory()
        let volume: AtomicVolume
        let root: TemporaryDirectory

        init() throws {
            root = try TemporaryDirectory()
            volume = try AtomicVolume(root("mount"))
            try makeDirectory(root("in"))
        }

        var environment: [String: String] {
            [
                "SECRETS_PATH": root("mount"), "DISTRIBUTIONS_PATH": root("in"), "OUTPUT_PATH": root("out"),
                "DEBOUNCE_QUIET": "20ms",
            ]
        }

        func secret(_ name: String) -> String {
            String(
                decoding: (try? Data(contentsOf: URL(fileURLWithPath: root("out/\(name).yaml")))) ?? Data(),
                as: UTF8.self)
        }
    }

    private func base64(_ text: String) -> String { Data(text.utf8).base64EncodedString() }

    @Test("in local mode writes manifests, follows a rotation and ends with 0 on SIGTERM")
    func localMode() async throws {
        let folders = try Folders()
        try folders.volume.write(["certificate": "c1", "key": "k1"])
        try writeFile(folders.root("in/a.yaml"), Self.manifest)
        let program = try await Binary(["run"], environment: folders.environment)
        #expect(await eventually { folders.secret("web/wildcard-tls-secret").contains(base64("c1")) })
        var status = stat()
        stat(folders.root("out/web/wildcard-tls-secret.yaml"), &status)
        #expect(status.st_mode & 0o777 == 0o600)

        try folders.volume.write(["certificate": "c2", "key": "k2"])
        #expect(
            await eventually {
                let secret = folders.secret("web/wildcard-tls-secret")
                return secret.contains(base64("c2")) && secret.contains(base64("k2"))
            })
        // Drift, a new distribution, and a broken file whose last valid content stays in force.
        try writeFile(
            folders.root("out/web/wildcard-tls-secret.yaml"), folders.secret("web/wildcard-tls-secret") + "\n# edited\n"
        )
        unlink(folders.root("out/web/wildcard-tls-secret.yaml"))
        #expect(await eventually { folders.secret("web/wildcard-tls-secret").contains(base64("c2")) })
        try writeFile(folders.root("in/a.yaml"), "kind: [")
        #expect(await eventually { program.errors.contains("its last valid content stays in force") })
        try folders.volume.write(["certificate": "c3", "key": "k3"])
        #expect(await eventually { folders.secret("web/wildcard-tls-secret").contains(base64("c3")) })

        program.signal(SIGTERM)
        let ended = await program.ended()
        #expect(ended.status == 0)
        for text in ["c1", "k1", "c3", "k3"] { #expect(!ended.errors.contains(base64(text))) }
    }

    @Test("sync makes one pass, and its exit status shows whether everything is in sync")
    func sync() async throws {
        let folders = try Folders()
        try folders.volume.write(["certificate": "c1", "key": "k1"])
        try writeFile(folders.root("in/a.yaml"), Self.manifest)
        let first = try await Binary.run(["sync"], environment: folders.environment)
        #expect(first.status == 0)
        let lines = first.output.split(separator: "\n")
        #expect(lines[1] == "create  web/wildcard-tls-secret  +tls.crt,+tls.key  -         web/wildcard")
        #expect(lines.last?.hasPrefix("1 of 1 distributions are in sync; 1 Secret written, 0 removed, in 0.") == true)
        #expect(folders.secret("web/wildcard-tls-secret").contains(base64("c1")))

        try folders.volume.write(["certificate": "c2"])
        let second = try await Binary.run(["sync"], environment: folders.environment)
        #expect(second.status == 1)
        #expect(second.output.contains("web/wildcard  SourceNotFound  The mount has no file \"key\"."))
        #expect(folders.secret("web/wildcard-tls-secret").contains(base64("c1")))
    }

    @Test("an invalid manifest keeps its Secret, and sync reports the problem")
    func brokenManifestKeepsItsSecret() async throws {
        let folders = try Folders()
        try folders.volume.write(["certificate": "c1", "key": "k1"])
        let manifest = Self.manifest.replacing("spec:", with: "spec:\n  deletionPolicy: Delete")
        let other = manifest.replacing("name: wildcard", with: "name: other")
        try writeFile(folders.root("in/a.yaml"), manifest)
        try writeFile(folders.root("in/b.yaml"), other)
        #expect(try await Binary.run(["sync"], environment: folders.environment).status == 0)
        for broken in [manifest + "\nfoo: [", manifest.replacing("uk/v1", with: "uk/v2")] {
            try writeFile(folders.root("in/a.yaml"), broken)
            let ended = try await Binary.run(["sync"], environment: folders.environment)
            #expect(ended.status == 1)
            #expect(ended.output.contains("a.yaml"))
            #expect(folders.secret("web/wildcard-tls-secret").contains(base64("c1")))
        }
        // A deleted manifest removes its Secret.
        unlink(folders.root("in/a.yaml"))
        #expect(try await Binary.run(["sync"], environment: folders.environment).status == 0)
        #expect(folders.secret("web/wildcard-tls-secret").isEmpty)
        #expect(folders.secret("web/other-tls-secret").contains(base64("c1")))
    }

    @Test(
        "ends with 74 and one line if its output cannot be written, and as usual if its reader stops early",
        arguments: [
            (">/dev/full", 74, "No space left on device"), (">&-", 74, "Bad file descriptor"), ("| head -c 1", 0, ""),
        ])
    func output(redirection: String, status: Int32, problem: String) async throws {
        let folders = try Folders()
        try folders.volume.write(["certificate": "c1", "key": "k1"])
        try writeFile(folders.root("in/a.yaml"), Self.manifest)
        // dash has no pipefail.
        let shell = ["bash", "-c", "set -o pipefail; \"$@\" \(redirection)", "bash"]
        for (words, ended) in [(["plan"], 2), (["sync"], 0), (["explain", "key"], 0), (["version"], 0)]
            as [([String], Int32)]
        {
            let program = try await Binary(words, environment: folders.environment, wrapper: shell)
            let result = await program.ended()
            #expect(result.status == (status == 0 ? ended : status), "\(words)")
            // Above it is the log of sync.
            let line = "secrets-distributor: cannot write the output: \(problem)\n"
            #expect(result.errors.contains("cannot write the output") != problem.isEmpty, "\(words)")
            #expect(problem.isEmpty || result.errors.hasSuffix(line), "\(words)")
        }
    }

    @Test(
        "output is never written to a file that gets the descriptor of a closed output",
        .enabled(if: Privileges.mayMount, "reading the descriptors requires root"))
    func closedOutput() async throws {
        let folders = try Folders()
        try folders.volume.write(["certificate": "c1", "key": "k1"])
        try writeFile(folders.root("in/a.yaml"), Self.manifest)
        let shell = ["sh", "-c", "exec \"$@\" <&- >&- 2>&-", "sh"]
        let program = try await Binary(["run"], environment: folders.environment, wrapper: shell)
        #expect(await eventually { folders.secret("web/wildcard-tls-secret").contains(base64("c1")) })
        for number in 0...2 {
            #expect(
                try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(program.process)/fd/\(number)")
                    == "/dev/null")
        }
        program.signal(SIGTERM)
        #expect(await program.ended().status == 0)
    }

    @Test("sync ends with 1 if the role does not allow it to delete an orphaned Secret")
    func syncSaysWhatIsLeft() async throws {
        let world = try await World()
        try AtomicVolume(world.mount).write(["a": "A"])
        try await world.server.allow(
            "bob", ["get", "list", "watch", "create", "patch"], .secrets, in: world.namespace)
        try await world.server.allow(
            "bob", ["get", "list", "watch", "patch"], .secretsDistributions, in: world.namespace)
        try await world.create(world.distribution("gone", [("a", "a")], policy: .delete))
        let environment = [
            "SECRETS_PATH": world.mount, "MANAGED_BY": world.namespace, "WATCH_NAMESPACES": world.namespace,
            "KUBECONFIG": try world.server.kubeconfig(.named("bob")),
        ]
        #expect(try await Binary.run(["sync"], environment: environment).status == 0)
        try await world.delete("gone")
        let ended = try await Binary.run(["sync"], environment: environment)
        #expect(ended.status == 1)
        #expect(ended.output.contains("\(world.namespace)/gone"))
    }

    @Test("sync works with a kubeconfig on a real API server")
    func syncInCluster() async throws {
        let world = try await World()
        try AtomicVolume(world.mount).write(["a": "A"])
        try await world.create(world.distribution("once", [("a", "a")]))
        let environment = [
            "SECRETS_PATH": world.mount, "MANAGED_BY": world.namespace, "WATCH_NAMESPACES": world.namespace,
            "KUBECONFIG": try world.server.kubeconfig(),
        ]
        let ended = try await Binary.run(["sync"], environment: environment)
        #expect(ended.status == 0, "\(ended.errors)")
        try await world.expect("once", ["a": "A"])
        try await world.create(world.distribution("bad", [("none", "a")]))
        #expect(try await Binary.run(["sync"], environment: environment).status == 1)
    }

    @Test(
        "ends with 78 and one line that names the variable, its value and what is expected",
        arguments: [
            ("POLL_INTERVAL", "soon"), ("MAX_IN_FLIGHT", "0"), ("LOG_LEVEL", "loud"), ("LOG_FORMAT", "xml"),
            ("SECRETS_PATH", "relative"), ("ONLY_ASSIGNED", "maybe"), ("WATCH_NAMESPACES", "Web,../x"),
            ("MANAGED_BY", "-"), ("LEADER_ELECTION", "maybe"), ("OUTPUT_PATH", "/out"),
            ("KUBECONFIG", "/does/not/exist"),
        ])
    func badValues(variable: String, value: String) async throws {
        let ended = try await Binary.run(["run"], environment: [variable: value])
        #expect(ended.status == 78)
        let lines = ended.errors.split(separator: "\n").filter { !$0.hasPrefix("{") }
        #expect(lines.count == 1)
        // `kubectl describe` shows the end of the output of a container that has ended.
        #expect(ended.output.isEmpty && ended.errors.split(separator: "\n").last == lines.first)
        #expect(lines.first?.contains(value) == true)
        if variable != "KUBECONFIG" { #expect(lines.first?.contains(variable) == true) }
    }

    @Test("a flag overrides the variable of the same name")
    func flagWins() async throws {
        let ended = try await Binary.run(["run", "--log-level=quiet"], environment: ["LOG_LEVEL": "info"])
        #expect(ended.status == 78)
        #expect(ended.errors.contains("LOG_LEVEL (--log-level) is \"quiet\""))
    }

    @Test(
        "lists its commands and flags, and explains each",
        arguments: [
            "run", "sync", "plan", "explain", "check", "convert", "export", "completion", "version", "help",
        ])
    func help(command: String) async throws {
        let ended = try await Binary.run([command, "--help"])
        #expect(ended.status == 0)
        #expect(ended.output.contains("usage: secrets-distributor"))
        #expect(try await Binary.run(["--help"]).output.contains(command))
    }

    @Test("lists the flags of a command only in its own help, by subject, in 120 columns")
    func flagsOfHelp() async throws {
        for command in ["run", "sync", "plan", "explain", "check", "convert", "export", "completion", "version"] {
            let text = try await Binary.run([command, "--help"]).output
            #expect(text.split(separator: "\n").filter { $0.count > 120 } == [], "\(command)")
            #expect(text.contains("--lease-name") == (command == "run"), "\(command)")
            #expect(text.contains("--max-in-flight") == ["run", "sync"].contains(command), "\(command)")
            #expect(text.contains("--provider-class") == ["check", "export"].contains(command), "\(command)")
            #expect(
                text.contains("\nThe mount:\n") == ["run", "sync", "plan", "explain"].contains(command), "\(command)")
            #expect(text.contains("--managed-by") == ["run", "sync", "plan", "explain", "convert"].contains(command))
        }
        #expect(!(try await Binary.run(["--help"])).output.contains("--secrets-path"))
    }

    @Test(
        "rejects unknown arguments",
        arguments: [
            ["fly"], ["--wings"], ["run", "extra"], ["--secrets-path"], ["explain"], ["plan", "--output=xml"],
        ])
    func usage(arguments: [String]) async throws {
        let ended = try await Binary.run(arguments)
        #expect(ended.status == 64)
        #expect(ended.errors.contains("secrets-distributor --help"))
    }

    /// A newline followed by a line that looks like ours, and a sequence that clears a terminal.
    private static let forged = "x\nsecrets-distributor: y\u{1b}[2J\u{202e}"

    private func isVisible(_ text: String) -> Bool {
        text.unicodeScalars.allSatisfy { $0 == "\n" || $0.value >= 0x20 && $0.value != 0x7f && $0 != "\u{202e}" }
    }

    @Test(
        "shows arguments and variables with control characters on one line, escaped",
        arguments: [
            (["run", "--log-level=\(forged)"], [:], 78), (["run"], ["LOG_LEVEL": forged], 78),
            (["run"], ["SECRETS_PATH": forged], 78), (["sync"], ["KUBECONFIG": forged], 78), ([forged], [:], 64),
            (["--\(forged)"], [:], 64), (["run", forged], [:], 64),
        ] as [([String], [String: String], Int32)])
    func forgedArguments(arguments: [String], environment: [String: String], status: Int32) async throws {
        let ended = try await Binary.run(arguments, environment: environment)
        #expect(ended.status == status)
        let lines = ended.errors.split(separator: "\n").filter { !$0.hasPrefix("{") }
        #expect(lines.count == 1)
        // `KUBECONFIG` is a list, separated by colons.
        let forged = environment["KUBECONFIG"] == nil ? "x\\nsecrets-distributor: y" : "x\\nsecrets-distributor"
        #expect(lines.first?.contains(forged) == true)
        #expect(isVisible(ended.errors + ended.output))
    }

    @Test("check shows problems of manifests and policies with control characters on one line each, escaped")
    func forgedFiles() async throws {
        let root = try TemporaryDirectory()
        let forged = #""x\nsecrets-distributor: y\e[2J\u202e""#
        let documents = [
            Self.manifest.replacing("spec:", with: "spec:\n  \(forged): 1"),
            Self.manifest.replacing("xlscsde.nhs.uk/v1", with: forged),
            Self.manifest.replacing("wildcard-tls-secret", with: forged),
            Self.manifest.replacing("certificate", with: forged),
        ]
        // A file name may hold everything that an argument may hold.
        let name = "\(Self.forged).yaml"
        try writeFile(root(name), documents.joined(separator: "\n---\n"))
        let policies = [
            CheckCommandTests.policy.replacing("spec:", with: "spec:\n  \(forged): 1"),
            CheckCommandTests.policy.replacing("[web]", with: "[\(forged)]"),
            CheckCommandTests.policy.replacing("SecretsAccessPolicy", with: forged),
        ]
        try writeFile(root("policy-\(name)"), policies.joined(separator: "\n---\n"))
        try writeFile(root("empty-\(name)"), "")
        let files = [root(name), root("empty-\(name)"), root("none-\(name)")]
        let ended = try await Binary.run(["check", "--policy", root("policy-\(name)")] + files)
        #expect(ended.status == 1)
        let lines = ended.output.split(separator: "\n")
        // Each further document of the policy is a problem of its own.
        #expect(lines.count == documents.count + policies.count + 2 + 2 + 1, "\(ended.output)")
        #expect(lines.dropLast().allSatisfy { $0.contains("x\\nsecrets-distributor: y") })
        #expect(isVisible(ended.output))
    }

    @Test("sync shows problems of manifests on one line each, whatever the names of their files and objects")
    func forgedManifests() async throws {
        let folders = try Folders()
        try folders.volume.write(["certificate": "c1", "key": "k1"])
        let name = "in/\(Self.forged)"
        let forged = Self.manifest.replacing("from: key", with: #"from: "x\nsecrets-distributor: y\e[2J\u202e""#)
        try writeFile(folders.root("\(name).yaml"), forged)
        try writeFile(folders.root("\(name)-broken.yaml"), "kind: [")
        let ended = try await Binary.run(["sync"], environment: folders.environment)
        #expect(ended.status == 1)
        let lines = ended.output.split(separator: "\n")
        // The broken file has two lines; what is held back has a header.
        #expect(lines.count == 5, "\(ended.output)")
        #expect(lines.dropFirst().dropLast().allSatisfy { $0.contains("x\\nsecrets-distributor: y") })
        #expect(isVisible(ended.output + ended.errors))
    }

    @Test("sync writes nothing and ends with 1 if the policy is invalid, or denies")
    func syncWithPolicy() async throws {
        let folders = try Folders()
        try folders.volume.write(["certificate": "c1", "key": "k1"])
        try writeFile(folders.root("in/a.yaml"), Self.manifest)
        let environment = folders.environment.merging(["POLICY_PATH": folders.root("policy.yaml")]) { $1 }
        let absent = try await Binary.run(["sync"], environment: environment)
        #expect(absent.status == 1)
        #expect(absent.errors.contains("the access policy cannot be used: cannot open \(folders.root("policy.yaml"))"))
        try writeFile(folders.root("policy.yaml"), "kind: SecretsAccessPolicy")
        let broken = try await Binary.run(["sync"], environment: environment)
        #expect(broken.status == 1)
        #expect(broken.errors.contains("policy.yaml:1: spec is missing, expected an object"))
        try writeFile(folders.root("policy.yaml"), CheckCommandTests.policy)
        let denied = try await Binary.run(["sync"], environment: environment)
        #expect(denied.status == 1)
        #expect(
            denied.output.contains("web/wildcard  PolicyDenied  The access policy denies namespace \"web\""))
        #expect(folders.secret("web/wildcard-tls-secret").isEmpty)
        try writeFile(folders.root("policy.yaml"), CheckCommandTests.policy.replacing("[certificate]", with: "[\"*\"]"))
        #expect(try await Binary.run(["sync"], environment: environment).status == 0)
        #expect(folders.secret("web/wildcard-tls-secret").contains(base64("c1")))
    }
}
