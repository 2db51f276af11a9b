import FoundationEssentials
import Glibc
import JSON
import Kube
import TestSupport
import Testing

/// Slow, and measures the release program: runs only with `SCALE`, the number of distributions, and `SCALE_PROGRAM`,
/// the path of the program. `SCALE=10000 SCALE_PROGRAM=… swift test --filter ScaleTests` takes some minutes.
@Suite(
    "Many distributions",
    .enabled(if: getenv("SCALE") != nil && getenv("SCALE_PROGRAM") != nil, "SCALE and SCALE_PROGRAM are not set"))
struct ScaleTests {
    private static let namespaces = 10
    private static let pairs = 25

    private let count = getenv("SCALE").flatMap { Int(String(cString: $0)) } ?? 0
    private let program = getenv("SCALE_PROGRAM").map { String(cString: $0) } ?? ""

    /// Each Secret holds a certificate and a key of one of 25 pairs, about 4 KiB in base64, and a CA certificate that
    /// all share. Half of the distributions derive the pair: the key from a JSON document, the certificate from PKCS#12.
    @Test("stay within the memory limit of the example's container: cold start, warm start, a rotation of all")
    func memory() async throws {
        let whole = try MemoryGroup.exampleLimit()
        // The program's own memory, and the share of the rest that this number of distributions has of 10,000.
        let own = 24 << 20
        let limit = own + (whole - own) * count / 10_000
        let server = try await APIServer.start()
        do {
            try await server.install(definition: try World.manifest("sidecar-example/crd.yaml"))
            try await memory(on: server, limit: limit)
        } catch {
            await server.end()
            throw error
        }
        await server.end()
    }

    private func memory(on server: APIServer, limit: Int) async throws {
        let world = try await World(on: server)
        let volume = try AtomicVolume(world.mount)
        var files: [String: String] = ["ca.crt": "authority 1"]
        for pair in 0..<Self.pairs {
            files["\(pair).crt"] = String(repeating: "certificate \(pair) ", count: 100)
            files["\(pair).key"] = String(repeating: "key \(pair) ", count: 200)
        }
        let members = (0..<Self.pairs).map { "\"\($0)\": \"\(String(repeating: "key \($0) ", count: 200))\"" }
        files["keys.json"] = "{\(members.joined(separator: ", "))}"
        files["bundle.pfx"] = try await Self.bundle(in: world)
        try volume.write(files)
        var namespaces: [String] = []
        for _ in 0..<Self.namespaces { namespaces.append(try await server.namespace()) }
        try await create(in: namespaces, world)

        let group = try MemoryGroup(limit: limit)
        defer { group?.remove() }
        if group == nil { print("cannot create a memory cgroup: memory is measured, but not limited") }
        let settings = [
            "SECRETS_PATH": world.mount, "MANAGED_BY": world.namespace, "KUBECONFIG": try server.kubeconfig(),
            "DEBOUNCE_QUIET": "20ms",
        ]
        func start() async throws -> Binary {
            try await Binary(["run"], environment: settings, wrapper: group?.wrapper ?? [], program: program)
        }
        func isDone(_ generation: String) async throws -> Bool {
            for namespace in namespaces {
                let list = try await server.client.list(
                    Marked.self, .secretsDistributions, namespace: namespace, limit: 2000)
                guard list.items.allSatisfy({ $0.mountGeneration == generation }) else { return false }
            }
            return true
        }
        func phase(_ name: String, _ program: Binary, generation: String) async throws {
            let start = ContinuousClock.now
            var isOver = false
            while !isOver, ContinuousClock.now - start < .seconds(600), !program.hasEnded {
                try await Task.sleep(for: .milliseconds(500))
                isOver = try await isDone(generation)
            }
            print(
                "\(count) distributions, \(name): \(ContinuousClock.now - start), \(program.memory)",
                group?.figures ?? "")
            #expect(isOver, "\(program.errors.suffix(2000))")
        }
        let first = try await start()
        try await phase("cold start", first, generation: volume.dataTarget ?? "")
        files["ca.crt"] = "authority 2"
        try await phase("rotation of all", first, generation: try volume.write(files))
        await first.stop()

        let second = try await start()
        // Everything is in sync: nothing is written until the rotation, which starts when everything has been listed.
        _ = await eventually { second.logged("mount read") > 0 }
        files["ca.crt"] = "authority 3"
        try await phase("warm start and rotation of all", second, generation: try volume.write(files))
        await second.stop()
        #expect(group?.kills ?? 0 == 0)
        for namespace in namespaces {
            let secrets = try await server.client.list(LiveSecret.self, .secrets, namespace: namespace).items
            #expect(secrets.count == count / Self.namespaces)
            #expect(secrets.allSatisfy { $0.data?["ca.crt"] == Data("authority 3".utf8) })
        }
    }

    /// PKCS#12 without a password, in base64.
    private static func bundle(in world: World) async throws -> String {
        let pair = try TLSPair.make("scale")
        let (input, output) = (world.directory("pair.pem"), world.directory("pair.p12"))
        try writeFile(input, pair.certificate + pair.key)
        for words in [
            ["openssl", "pkcs12", "-export", "-in", input, "-passout", "pass:", "-out", output],
            ["openssl", "base64", "-A", "-in", output, "-out", input],
        ] {
            let run = try await ToolRun.run(words)
            try #require(run.status == 0, "\(run.errors)")
        }
        return String(decoding: try Data(contentsOf: URL(fileURLWithPath: input)), as: UTF8.self)
    }

    private func distribution(_ number: Int, _ world: World) -> JSONValue {
        let pair = number % Self.pairs
        let plain = world.distribution(
            "certificate-\(number)",
            [("\(pair).crt", "tls.crt"), ("\(pair).key", "tls.key"), ("ca.crt", "ca.crt")])
        guard number % 2 == 1 else { return plain }
        let entries: JSONValue = [
            ["to": "tls.crt", "from": "bundle.pfx", "extract": "Certificates"],
            ["to": "tls.key", "from": "keys.json", "pointer": .string("/\(pair)")], ["to": "ca.crt", "from": "ca.crt"],
        ]
        return plain.merging(["spec": ["secrets": entries]])
    }

    private func create(in namespaces: [String], _ world: World) async throws {
        for namespace in namespaces {
            try await withThrowingDiscardingTaskGroup { group in
                for number in 0..<(count / namespaces.count) {
                    let manifest = distribution(number, world)
                    group.addTask {
                        _ = try await world.client.create(
                            .secretsDistributions, namespace: namespace,
                            manifest.merging(["metadata": ["namespace": .string(namespace)]]))
                    }
                }
            }
        }
    }
}

/// Only the status of a distribution.
private struct Marked: KubeObject {
    let metadata: ObjectMeta
    let mountGeneration: String?

    init(reading json: JSONNode) throws(JSONBytes.Failure) {
        metadata = try ObjectMeta(reading: json.required("metadata"))
        mountGeneration = try json["status"]?["mountGeneration"]?.asString()
    }
}

extension Binary {
    /// Whether the process has ended by itself.
    var hasEnded: Bool {
        var info = siginfo_t()
        return waitid(P_PID, id_t(process), &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_signo != 0
    }

    /// The memory figures of proc_pid_status(5).
    var memory: String {
        Files.text("/proc/\(process)/status").split(separator: "\n")
            .filter { $0.hasPrefix("VmHWM") || $0.hasPrefix("RssAnon") }
            .map { $0.split(whereSeparator: \.isWhitespace).joined(separator: " ") }.joined(separator: ", ")
    }
}
