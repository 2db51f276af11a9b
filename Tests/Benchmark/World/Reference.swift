import FoundationEssentials
import JSON
import KubeConfig
import TestSupport

/// The server's own limit: h2load(1) writes Secrets of the same size as the program's, by patches of the same size, over
/// as many connections as the program has: one.
///
/// They are Secrets of its own, which nobody watches but the server itself.
final class Reference {
    /// How many requests are under way at once, in turn.
    static let widths = [8, 16, 32, 64, 128]

    /// For the figures that it stands beside.
    static let note =
        "Beside as many patches of Secrets by h2load over one connection, the best of \(widths.count) concurrencies."

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
    /// - Returns: seconds from the first request to the last answer, at the best of the widths.
    func writes(_ widths: [Int] = Reference.widths) async throws -> (seconds: Double, width: Int) {
        var best = (seconds: Double.infinity, width: 0)
        for width in widths {
            // With that many a run takes many seconds, and how it begins counts for little.
            if count < 10_000 { try await cluster.rest() }
            let seconds = try await patch(count, width: width).seconds
            if seconds < best.seconds { best = (seconds, width) }
        }
        return best
    }

    /// The first requests of a connection, which do not count: the program's has been open for long.
    static let opening = 5

    /// Patches one Secret after another, each at most once, for what changes nothing is not written.
    ///
    /// - Returns: seconds of each.
    func bareWrites(_ count: Int) async throws -> [Double] {
        precondition(count + Self.opening <= self.count, "a Secret for each write")
        return try await patch(count + Self.opening, width: 1).answers.dropFirst(Self.opening).map(\.latency)
    }

    /// Creates as many Secrets more, as `writes` patches them.
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

    /// As the program's for a rotation of one file, but for the precondition, which each Secret has its own.
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
