import FoundationEssentials
import JSON
import KubeConfig
import TestSupport

/// The server's own limit: h2load(1) writes whole Secrets, as the program does, of the same size, over as many connections
/// as the program has: one.
///
/// The Secrets are separate ones, which only the server itself watches. Each is in a namespace of its own, because h2load
/// sends the same body to all addresses, and the body has the Secret's name.
final class Reference {
    /// The numbers of concurrent requests, in turn.
    static let widths = [8, 16, 32, 64, 128]

    /// The note for figures that are compared with the reference.
    static let note =
        "Compared with the same number of updates by h2load over one connection, the best of "
        + "\(widths.count) concurrencies."

    private let cluster: Cluster
    private let count: Int
    private let folder: ScratchFolder
    private var turn = 0

    /// Creates the Secrets.
    ///
    /// - Parameter namespaces: one for each Secret; nil for new ones.
    init(_ count: Int, on cluster: Cluster, in namespaces: [String]? = nil) async throws {
        self.count = count
        self.cluster = cluster
        folder = try ScratchFolder()
        let namespaces = if let namespaces { namespaces } else { try await cluster.namespaces(count) }
        precondition(namespaces.count == count, "a namespace for each Secret")
        let addresses = namespaces.map { "https://127.0.0.1:\(cluster.server.port)/api/v1/namespaces/\($0)/secrets" }
        try folder.write("secrets", addresses.map { "\($0)/\(Self.name)\n" }.joined())
        try folder.write("namespaces", addresses.map { $0 + "\n" }.joined())
        try await concurrently(count) { number in
            _ = try await cluster.client.create(
                .secrets, namespace: namespaces[number], Self.secret(["name": .string(Self.name)], turn: 0))
        }
    }

    private static let name = "reference"

    /// Updates each Secret once.
    ///
    /// - Returns: seconds from the first request to the last response, for the best of the widths.
    func writes(_ widths: [Int] = Reference.widths) async throws -> (seconds: Double, width: Int) {
        var best = (seconds: Double.infinity, width: 0)
        for width in widths {
            // With 10,000 Secrets a run takes many seconds, so its start matters little.
            if count < 10_000 { try await cluster.rest() }
            let seconds = try await update(count, width: width).seconds
            if seconds < best.seconds { best = (seconds, width) }
        }
        return best
    }

    /// The number of first requests of a connection that are ignored: the program's connection has been open for long.
    static let opening = 5

    /// Updates one Secret after another, each at most once, because an update without changes is not written.
    ///
    /// - Returns: the seconds of each update.
    func bareWrites(_ count: Int) async throws -> [Double] {
        precondition(count + Self.opening <= self.count, "a Secret for each write")
        return try await update(count + Self.opening, width: 1).answers.dropFirst(Self.opening).map(\.latency)
    }

    /// Creates the same number of further Secrets, in the way that `writes` updates them.
    func creates(_ widths: [Int] = Reference.widths) async throws -> (seconds: Double, width: Int) {
        var best = (seconds: Double.infinity, width: 0)
        for width in widths {
            let seconds = try await LoadRun.run(
                "POST", addresses: folder("namespaces"), count: count,
                body: Self.secret(["generateName": "created-"], turn: 0).encoded(), type: "application/json",
                token: cluster.server.token(of: Cluster.reference), width: width
            ).seconds
            if seconds < best.seconds { best = (seconds, width) }
        }
        return best
    }

    private func update(_ count: Int, width: Int) async throws -> LoadRun {
        // An update that changes nothing is not written.
        turn += 1
        return try await LoadRun.run(
            "PUT", addresses: folder("secrets"), count: count,
            body: Self.secret(["name": .string(Self.name)], turn: turn).encoded(), type: "application/json",
            token: cluster.server.token(of: Cluster.reference), width: width)
    }

    /// Like the program's Secret after the rotation of one file, but without the uid and the version, which differ for each
    /// Secret.
    private static func secret(_ metadata: JSONValue, turn: Int) -> JSONValue {
        [
            "apiVersion": "v1", "kind": "Secret", "type": "Opaque",
            "metadata": metadata.merging([
                "labels": ["app.kubernetes.io/managed-by": "reference"],
                "annotations": [
                    "xlscsde.nhs.uk/managedBy": "reference", "xlscsde.nhs.uk/distribution": "reference/reference",
                    "xlscsde.nhs.uk/mountGeneration": .string("..2026_11_21_08_30_00.\(100_000 + turn)"),
                ],
            ]),
            "data": [
                "tls.crt": .string(content("certificate", bytes: 1_300)),
                "tls.key": .string(content("key", bytes: 1_700)),
                "ca.crt": .string(content("turn \(turn)", bytes: Fleet.fileBytes)),
            ],
        ]
    }

    private static func content(_ name: String, bytes: Int) -> String {
        Data(Fleet.content(name, bytes: bytes)).base64EncodedString()
    }
}
