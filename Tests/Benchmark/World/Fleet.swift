import Distribution
import JSON
import Kube
import KubeConfig
import Observability
import TestSupport

/// Many distributions, and the mount that feeds them.
///
/// Each Secret has three keys: a certificate and a key of one of 25 pairs, and a CA certificate that all share;
/// together about 5 KiB of base64. The first distribution's certificate is in a file that feeds only this distribution.
final class Fleet {
    static let pairs = 25
    /// The file that feeds all distributions.
    static let shared = "ca.crt"
    /// The file that feeds one distribution.
    static let single = "single.crt"

    let count: Int
    let namespaces: [String]
    let mount: String
    private let cluster: Cluster
    private let volume: AtomicVolume
    private let folder: ScratchFolder
    private(set) var files: [String: [UInt8]] = [:]
    private var turn = 0

    /// Writes the mount and creates the distributions.
    convenience init(_ count: Int, on cluster: Cluster) async throws {
        try await self.init(count, in: cluster.namespaces(count < 100 ? 1 : 10), on: cluster)
        let (client, namespaces) = (cluster.client, namespaces)
        try await concurrently(count) { number in
            _ = try await client.create(
                .secretsDistributions, namespace: namespaces[number % namespaces.count], Self.distribution(number))
        }
    }

    /// Writes the mount and creates namespaces, each with one Secret of one cluster distribution.
    convenience init(ofNamespaces count: Int, on cluster: Cluster) async throws {
        try await cluster.install("sidecar-example/cluster-crd.yaml")
        let names = (0..<count).map { "team-\($0)" }
        try await concurrently(count) { number in
            _ = try await cluster.client.create(
                .namespaces, ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": .string(names[number])]])
        }
        try await self.init(count, in: names, on: cluster)
        let template = Self.distribution(1)["spec"] ?? .null
        _ = try await cluster.client.create(
            .clusterSecretsDistributions,
            [
                "apiVersion": "xlscsde.nhs.uk/v1", "kind": "ClusterSecretsDistribution",
                "metadata": ["name": "certificate"], "spec": ["namespaces": ["team-*"], "template": template],
            ])
    }

    /// Writes the mount.
    private init(_ count: Int, in namespaces: [String], on cluster: Cluster) async throws {
        self.count = count
        self.cluster = cluster
        self.namespaces = namespaces
        folder = try ScratchFolder()
        mount = folder("mount")
        volume = try AtomicVolume(mount)
        for pair in 0..<Self.pairs {
            files["\(pair).crt"] = Self.content("certificate \(pair)", bytes: 1_300)
            files["\(pair).key"] = Self.content("key \(pair)", bytes: 1_700)
        }
        files[Self.shared] = Self.content("authority 0", bytes: Self.fileBytes)
        files[Self.single] = Self.content("certificate of its own 0", bytes: Self.fileBytes)
        try volume.write(files)
    }

    /// The size of each of the two files that are rotated.
    static let fileBytes = 1_000

    private static func distribution(_ number: Int) -> JSONValue {
        let pair = number % pairs
        let certificate = number == 0 ? single : "\(pair).crt"
        return [
            "apiVersion": "xlscsde.nhs.uk/v1", "kind": "SecretsDistribution",
            "metadata": ["name": .string(name(number))],
            "spec": [
                "name": .string(name(number)),
                "secrets": [
                    ["from": .string(certificate), "to": "tls.crt"],
                    ["from": .string("\(pair).key"), "to": "tls.key"],
                    ["from": .string(shared), "to": "ca.crt"],
                ],
            ],
        ]
    }

    /// The name of a distribution and of its Secret.
    static func name(_ number: Int) -> String { "certificate-\(number)" }

    /// Gives a file new content, as the kubelet does: all files are rewritten, and `..data` is renamed.
    ///
    /// - Returns: the time just before the rename.
    @discardableResult
    func rotate(_ file: String) throws -> Timestamp {
        turn += 1
        files[file] = Self.content("turn \(turn) of \(file)", bytes: Self.fileBytes)
        let generation = try volume.writeGeneration(files)
        try volume.addLinks(for: files)
        let old = volume.dataTarget
        let time = Timestamp.now()
        try volume.swap(to: generation)
        if let old { removeTree("\(mount)/\(old)") }
        return time
    }

    /// Deletes all Secrets, as if the program had never run.
    func removeSecrets() async throws {
        for namespace in namespaces {
            let path = "/api/v1/namespaces/\(namespace)/secrets"
            var request = Request(
                .delete, Operation(.delete, resource: "secrets", namespace: namespace), path: path, isRepeatable: true)
            request.timeout = .seconds(300)
            _ = try await cluster.client.send(request)
        }
    }

    /// Text of a given size that differs for each name.
    static func content(_ name: String, bytes: Int) -> [UInt8] {
        let line = Array("\(name) ".utf8)
        return (0..<bytes).map { line[$0 % line.count] }
    }
}
