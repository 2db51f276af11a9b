import Distribution
import JSON
import Kube
import Planning
import Snapshots
import Stores

/// The workloads: the pure code on the hot paths, which runs for each object.
enum Workload: String, CaseIterable {
    case decodeDistributions = "decode-500-distributions"
    case decodeSecrets = "decode-500-secrets"
    case planUnchanged = "plan-1000-targets-in-line"
    case planChanged = "plan-1000-targets-to-write"
    case encodePatches = "encode-1000-patches"
    case diffSnapshots = "diff-1000-files"
    case findTargets = "find-10-targets-of-10000"
    case judgeTargets = "judge-1000-targets-by-100-rules"

    /// The result of the work is wrong, so that the counts are not those of the intended work.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// Prepares the work, which is not counted.
    ///
    /// - Returns: the work, to run once or several times.
    func prepared() throws -> () throws -> Void {
        switch self {
        case .decodeDistributions:
            let page = Page.distributions(500)
            return {
                let items = try JSONBytes.decode(ListPage<DistributionObject<NamespacedDistributions>>.self, from: page)
                    .items
                try expect(500, items.count { $0.distribution.refusal == nil }, "usable distributions")
            }
        case .decodeSecrets:
            let page = Page.secrets(500)
            return {
                let items = try JSONBytes.decode(ListPage<SecretObject>.self, from: page).items
                try expect(500, items.count { $0.observed.digests.count == 2 }, "Secrets of two keys")
            }
        case .planUnchanged:
            let fleet = try Fleet(1000)
            var checks = CertificateCheckCache()
            return { try expect(0, fleet.patches(from: fleet.snapshot, &checks).count, "patches") }
        case .planChanged:
            let fleet = try Fleet(1000)
            let rotated = fleet.snapshot(rotating: [Fleet.shared])
            var checks = CertificateCheckCache()
            return { try expect(1000, fleet.patches(from: rotated, &checks).count, "patches") }
        case .encodePatches:
            let fleet = try Fleet(1000)
            var checks = CertificateCheckCache()
            let patches = try fleet.patches(from: fleet.snapshot(rotating: [Fleet.shared]), &checks)
            return {
                let bodies = patches.lazy.map { $0.patch.mergePatch(of: $0.target).encoded() }
                try expect(1000, bodies.count { $0.count > 1024 }, "patches of more than a kilobyte")
            }
        case .diffSnapshots:
            let fleet = try Fleet(1000)
            let rotated = fleet.snapshot(rotating: ["folder-1/file-1"])
            return { try expect(1, rotated.changedPaths(since: fleet.snapshot).count, "changed files") }
        case .findTargets:
            var index = DistributionIndex()
            for distribution in try Fleet.distributions(10_000) { _ = index.upsert(distribution) }
            return { try expect(10, index.targets(reading: ["folder-1/file-1"]).count, "targets") }
        case .judgeTargets:
            let rules = (0..<100).map { #"{"namespaces":["team-\#($0)-*"],"files":["team-\#($0)/**","shared/*.crt"]}"# }
            let spec = #"{"default":"Allow","rules":[\#(rules.joined(separator: ","))]}"#
            let text = #"{"kind":"SecretsAccessPolicy","spec":\#(spec)}"#
            let policy = try JSONBytes.decode(AccessPolicyDocument.self, from: Array(text.utf8)).policy
            let targets = try (0..<1000).map { number in
                let files = ["team-\(number % 100)/a/tls.key", "shared/root.crt", "team-7/tls.key"]
                return (namespace: "team-\(number % 100)-blue", files: try files.map { try SourcePath($0) })
            }
            return {
                let denied = targets.reduce(0) { $0 + policy.denied($1.files, to: $1.namespace).count }
                try expect(990, denied, "files that are denied")
            }
        }
    }
}

private func expect(_ wanted: Int, _ found: Int, _ what: String) throws(Workload.Failure) {
    guard found == wanted else { throw Workload.Failure(description: "\(found) \(what), expected \(wanted)") }
}
