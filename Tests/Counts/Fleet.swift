import Distribution
import JSON
import Observability
import Planning
import Snapshots

/// Distributions, a mount of 1,000 files and a shared one, and targets in sync with that mount.
struct Fleet {
    static let shared = "shared.crt"
    private static let managedBy = "secrets-distributor"

    let distributions: [SecretsDistribution]
    let snapshot: Snapshot
    private let observed: [ObservedTarget]

    init(_ count: Int) throws {
        distributions = try Self.distributions(count)
        snapshot = Self.snapshot()
        var checks = CertificateCheckCache()
        observed = try distributions.enumerated().map { [snapshot] number, distribution in
            let desired = try DesiredTarget(
                distribution, from: snapshot, managedBy: Self.managedBy, checks: &checks)
            return ObservedTarget(creating: desired, uid: "uid-\(number)")
        }
    }

    /// Each distribution uses the shared file and one of the 1,000.
    static func distributions(_ count: Int) throws -> [SecretsDistribution] {
        let first = try JSONBytes.decode(SecretsDistribution.self, from: Array(Page.distribution(0).utf8))
        return try (0..<count).map { number in
            var distribution = first
            distribution.key = ObjectKey(namespace: first.key.namespace, name: "distribution-\(number)")
            distribution.spec.name = "secret-\(number)"
            distribution.spec.mappings[1].source = .file(try SourcePath(path(number)))
            return distribution
        }
    }

    private static func path(_ number: Int) -> String { "folder-\(number / 10 % 100)/file-\(number % 10)" }

    /// A new generation, with different content in these files.
    func snapshot(rotating files: Set<String>) -> Snapshot { Self.snapshot(rotating: files) }

    private static func snapshot(rotating rotated: Set<String> = []) -> Snapshot {
        var files: [String: SourceFile] = [:]
        for path in [shared] + (0..<1000).map(path) {
            let text = (rotated.contains(path) ? "rotated " : "content ") + path
            files[path] = SourceFile(SecretBytes(Array(String(repeating: text, count: path == shared ? 60 : 1).utf8)))
        }
        let generation = "..2026_05_01_1\(rotated.count)_00_00.1234567890"
        return Snapshot(generation: generation, createdAt: Timestamp(seconds: 1_777_600_000), files: files)
    }

    /// The writes that are needed, planned target by target as the controller does.
    func patches(
        from snapshot: Snapshot, _ checks: inout CertificateCheckCache
    ) throws(Refusal) -> [(target: ObservedTarget, patch: TargetPatch)] {
        var patches: [(ObservedTarget, TargetPatch)] = []
        for (distribution, actual) in zip(distributions, observed) {
            let desired = try DesiredTarget(
                distribution, from: snapshot, managedBy: Self.managedBy, checks: &checks)
            let review = TargetReview(
                of: desired, by: distribution.spec, over: actual, checks: &checks, now: snapshot.createdAt)
            let plan = Plan(desired: desired, observed: actual, managedBy: Self.managedBy, held: review.refusal)
            if case .update(let target, let patch) = plan { patches.append((target, patch)) }
        }
        return patches
    }
}
