import Distribution
import FoundationEssentials
import JSON
import LinuxIO

/// Knows what every Secret may hold at any time, and what it must hold when everything is quiet.
final class Oracle: Sendable {
    /// In each namespace, a Secret of this name belongs to somebody else.
    static let foreign = "foreign"
    /// The start of what a hand edit writes into a Secret.
    static let byHand = "by hand"

    /// Versions of the vault in which a content is correct, the first and the last.
    typealias Age = ClosedRange<Int>

    private struct State {
        var vault: Vault
        /// Versions that a mount may still show: those since everything was last quiet.
        var recent: [(version: Int, state: Vault.State, fits: Set<Int>)] = []
        /// Distributions that users wrote, or tried to write, since then.
        var allExpected: Set<ExpectedDistribution> = []
        /// All contents that each target may ever hold.
        var legal: [String: [[String: String]: Age]] = [:]
        /// The files that the policy denies to each namespace.
        var denied: [String: Set<String>] = [:]
    }

    private let state: Mutex<State>
    let managedBy: String

    init(_ vault: Vault, managedBy: String) {
        self.managedBy = managedBy
        state = Mutex(State(vault: vault))
        rotate { _ in }
    }

    // MARK: What is done to the world

    /// Changes the vault. Call it before any mount shows the change.
    func rotate(_ change: (inout Vault) throws -> Void) rethrows {
        try state.withLock { state in
            try change(&state.vault)
            let vault = state.vault
            let fits = Set((0..<Vault.pairs).filter(vault.fits))
            state.recent.append((vault.version, vault.state, fits))
            for expected in state.allExpected { Self.allow(expected, &state, from: state.recent.count - 1) }
        }
    }

    /// Registers a distribution that is about to be written.
    func expect(_ expected: ExpectedDistribution) {
        state.withLock { state in
            guard state.allExpected.insert(expected).inserted else { return }
            Self.allow(expected, &state, from: 0)
        }
    }

    /// Sets what is denied in addition to `Vault.forbidden`.
    func deny(_ denied: [String: Set<String>]) { state.withLock { $0.denied = denied } }

    /// From now on, only the current state counts, and the one shortly before: a mount that differs in unused files may
    /// be read a moment later.
    func settle(_ allExpected: [ExpectedDistribution]) {
        state.withLock { state in
            state.recent.removeFirst(max(0, state.recent.count - 10))
            state.allExpected = Set(allExpected)
        }
    }

    var vault: Vault { state.withLock { $0.vault } }

    private static func allow(_ expected: ExpectedDistribution, _ state: inout State, from first: Int) {
        for (version, files, fits) in state.recent[first...] {
            if let pair = expected.pair, !fits.contains(pair) { continue }
            guard let data = expected.rendered(files), data["forbidden"] == nil else { continue }
            let age = state.legal[expected.key]?[data]
            let range = min(age?.lowerBound ?? version, version)...max(age?.upperBound ?? version, version)
            state.legal[expected.key, default: [:]][data] = range
        }
    }

    // MARK: At any time

    /// The first and the last version in which a target may hold this; nil if it never may.
    func age(_ data: [String: String], of key: String) -> Age? { state.withLock { $0.legal[key]?[data] } }

    // MARK: When all is quiet

    /// What is wrong; empty if everything is correct.
    ///
    /// - Parameters:
    ///   - clusters: the cluster distributions.
    ///   - tiers: by namespace: its label.
    func complaints(
        _ distributions: [JSONValue], _ clusters: [JSONValue], _ tiers: [String: String], _ secrets: [LiveSecret]
    ) -> [String] {
        let (vault, denied) = state.withLock { ($0.vault, $0.denied) }
        var complaints: [String] = []
        let found = Dictionary(uniqueKeysWithValues: secrets.map { ("\($0.namespace)/\($0.metadata.name)", $0) })
        var claims: [String: [(created: String, expected: ExpectedDistribution, object: JSONValue)]] = [:]
        for object in distributions {
            guard let expected = ExpectedDistribution(object) else { continue }
            claims[expected.key, default: []].append(
                (object["metadata"]?["creationTimestamp"]?.string ?? "", expected, object))
        }
        for object in clusters {
            for (namespace, tier) in tiers where object.selects(tier) {
                guard let expected = ExpectedDistribution(object, in: namespace) else { continue }
                claims[expected.key, default: []].append(
                    (object["metadata"]?["creationTimestamp"]?.string ?? "", expected, object))
            }
        }
        for (key, claimants) in claims {
            let ordered = claimants.sorted {
                ($0.expected.isCluster ? 1 : 0, $0.created, $0.expected.name) < (
                    $1.expected.isCluster ? 1 : 0, $1.created, $1.expected.name
                )
            }
            for (index, claim) in ordered.enumerated() {
                let reason =
                    claim.expected.isCluster
                    ? claim.object.ready(in: claim.expected.namespace) : claim.object.ready
                if index > 0 {
                    if reason != "TargetConflict" {
                        complaints.append("\(claim.expected.name) lost, but is \(reason)")
                    }
                    continue
                }
                let problem = Self.judge(
                    claim.expected, reason, found[key], vault, denied[claim.expected.namespace] ?? [])
                if let problem { complaints.append("\(key) of \(claim.expected.name), \(reason): \(problem)") }
            }
        }
        for (key, secret) in found where claims[key] == nil {
            guard let problem = orphan(secret, distributions, clusters, tiers) else { continue }
            complaints.append("\(key), without a distribution: \(problem)")
        }
        return complaints.sorted()
    }

    private static func judge(
        _ expected: ExpectedDistribution, _ reason: String, _ secret: LiveSecret?, _ vault: Vault,
        _ denied: Set<String>
    ) -> String? {
        func expect(_ expected: String) -> String? { reason == expected ? nil : "expected \(expected)" }
        if expected.entries.contains(where: { $0.from == Vault.forbidden || denied.contains($0.from) }) {
            if expected.deletes, expected.target != foreign, secret?.distribution == expected.mark {
                return "is denied but still exists"
            }
            return expect("PolicyDenied")
        }
        guard let data = expected.rendered(vault.state) else { return expect("SourceNotFound") }
        if let pair = expected.pair, !vault.fits(pair) { return expect("PairMismatch") }
        if expected.target == foreign { return expect("NotManaged") }
        guard let secret else { return "is missing" }
        let isEmptied = data.contains { key, text in text.isEmpty && !(secret.texts[key] ?? "").isEmpty }
        if isEmptied { return expect("SourceUnreadable") }
        guard secret.texts == data else {
            return "holds \(secret.versions), expected \(data.mapValues(LiveSecret.version).sorted { $0 < $1 })"
        }
        if secret.type != expected.type { return "has another type" }
        return expect("Synced")
    }

    private func orphan(
        _ secret: LiveSecret, _ distributions: [JSONValue], _ clusters: [JSONValue], _ tiers: [String: String]
    ) -> String? {
        guard secret.metadata.annotations?[WellKnownKeys.managedBy] == managedBy,
            let owner = secret.metadata.ownerReferences?.first(where: { $0.kind.hasSuffix("SecretsDistribution") })
        else { return nil }
        if owner.kind == "ClusterSecretsDistribution" {
            guard let object = clusters.first(where: { $0["metadata"]?["name"]?.string == owner.name }) else {
                return "its cluster distribution was deleted"
            }
            guard object.selects(tiers[secret.namespace] ?? "") else { return "its namespace is not selected any more" }
            return object.ready(in: secret.namespace) == "Synced" ? "its cluster distribution names another" : nil
        }
        let object = distributions.first {
            $0["metadata"]?["name"]?.string == owner.name
                && $0["metadata"]?["namespace"]?.string == secret.namespace
        }
        guard let object else { return "its distribution was deleted" }
        return object.ready == "Synced" ? "its distribution names another, which is in sync" : nil
    }
}

extension JSONValue {
    /// Whether a cluster distribution selects the namespaces with this label.
    fileprivate func selects(_ tier: String) -> Bool { self["spec"]?["namespaces"] != nil || tier == "gold" }

    /// The reason of a cluster distribution in one namespace.
    fileprivate func ready(in namespace: String) -> String {
        guard let problems = self["status"]?["notInSync"]?.array else { return "without a status" }
        return problems.first { $0["namespace"]?.string == namespace }?["reason"]?.string ?? "Synced"
    }

    /// The reason of a distribution's `Ready` condition.
    fileprivate var ready: String {
        let conditions = self["status"]?["conditions"]?.array ?? []
        return conditions.first { $0["type"]?.string == "Ready" }?["reason"]?.string ?? "without a status"
    }
}

extension LiveSecret {
    var namespace: String { metadata.namespace ?? "" }
    var texts: [String: String] { (data ?? [:]).mapValues { String(decoding: $0, as: UTF8.self) } }
    var distribution: String? { metadata.annotations?[WellKnownKeys.distribution] }

    /// A short description of the content.
    var versions: [String] { texts.mapValues(Self.version).sorted { $0 < $1 }.map { "\($0.key): \($0.value)" } }

    static func version(_ text: String) -> String { text.hasPrefix("-----") ? "PEM \(text.hashValue)" : text }
}
