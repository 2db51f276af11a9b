import FoundationEssentials
import JSON
import KubeConfig
import TestSupport

/// The server's own limit: h2load(1) writes Secrets of the same size as the program's, with patches of the same size,
/// over as many connections as the program has: one.
///
/// The Secrets are separate ones, which only the server itself watches.
final class Reference {
    /// The numbers of concurrent requests, in turn.
    static let widths = [8, 16, 32, 64, 128]

    /// The note for figures that are compared with the reference.
    static let note =
        "Compared with the same number of patches by h2load over one connection, the best of "
        + "\(widths.count) concurrencies."

    private let cluster: Cluster
    private let namespaces: [String]
    private let count: Int
    private let folder: ScratchFolder
    private var turn = 0

    /// Creates the Secrets.
    init(_ count: Int, on cluster: Cluster) async throws {
        self.count = count
        self.cluster = cluster
        folder = try ScratchFolder()
        namespaces = try await cluster.namespaces(count < 100 ? 1 : 10)
        let namespaces = namespaces
        let address = { (number: Int) in
            "https://127.0.0.1:\(cluster.server.port)/api/v1/namespaces/\(namespaces[number % namespaces.count])/secrets"
        }
        try folder.write("secrets", (0..<count).map { "\(address($0))/reference-\($0)\n" }.joined())
        try folder.write("namespaces", (0..<count).map { address($0) + "\n" }.joined())
        try await concurrently(count) { number in
            _ = try await cluster.client.create(
                .secrets, namespace: namespaces[number % namespaces.count],
                Self.secret(["name": .string("reference-\(number)")], turn: 0))
        }
    }

    /// Patches each Secret once.
    ///
    /// - Returns: seconds from the first request to the last response, for the best of the widths.
    func writes(_ widths: [Int] = Reference.widths) async throws -> (seconds: Double, width: Int) {
        var best = (seconds: Double.infinity, width: 0)
        for width in widths {
            // With 10,000 Secrets a run takes many seconds, so its start matters little.
            if count < 10_000 { try await cluster.rest() }
            let seconds = try await patch(count, width: width).seconds
            if seconds < best.seconds { best = (seconds, width) }
        }
        return best
    }

    /// The number of first requests of a connection that are ignored: the program's connection has been open for long.
    static let opening = 5

    /// Patches one Secret after another, each at most once, because a patch without changes is not written.
    ///
    /// - Returns: the seconds of each patch.
    func bareWrites(_ count: Int) async throws -> [Double] {
        precondition(count + Self.opening <= self.count, "a Secret for each write")
        return try await patch(count + Self.opening, width: 1).answers.dropFirst(Self.opening).map(\.latency)
    }

    /// Creates the same number of further Secrets, in the way that `writes` patches them.
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

    private func patch(_ count: Int, width: Int) async throws -> LoadRun {
        // A patch that changes nothing is not written.
        turn += 1
        return try await LoadRun.run(
            "PATCH", addresses: folder("secrets"), count: count, body: Self.patch(turn: turn).encoded(),
            type: "application/merge-patch+json", token: cluster.server.token(of: Cluster.reference), width: width)
    }

    /// Like the program's patch for a rotation of one file, but without the precondition, which differs for each
    /// Secret.
    private static func patch(turn: Int) -> JSONValue {
        [
            "metadata": [
                "annotations": ["xlscsde.nhs.uk/mountGeneration": .string("..2026_11_21_08_30_00.\(100_000 + turn)")]
            ],
            "data": ["ca.crt": .string(content("turn \(turn)", bytes: Fleet.fileBytes))],
        ]
    }

    private static func secret(_ metadata: JSONValue, turn: Int) -> JSONValue {
        [
            "apiVersion": "v1", "kind": "Secret", "type": "Opaque",
            "metadata": metadata.merging([
                "labels": ["app.kubernetes.io/managed-by": "reference"],
                "annotations": [
                    "xlscsde.nhs.uk/managedBy": "reference", "xlscsde.nhs.uk/distribution": "reference/reference",
                    "xlscsde.nhs.uk/mountGeneration": "..2026_11_21_08_30_00.100000",
                ],
            ]),
            "data": [
                "tls.crt": .string(content("certificate", bytes: 1_300)),
                "tls.key": .string(content("key", bytes: 1_700)),
                "ca.crt": .string(content("authority", bytes: Fleet.fileBytes)),
            ],
        ]
    }

    private static func content(_ name: String, bytes: Int) -> String {
        Data(Fleet.content(name, bytes: bytes)).base64EncodedString()
    }
}
