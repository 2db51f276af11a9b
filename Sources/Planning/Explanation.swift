package import Distribution
package import Snapshots

/// Which distributions are affected when one source file, or any file below one folder, is rotated.
package struct Explanation: Sendable {
    /// A distribution of this instance that reads the file.
    package struct Reader: Sendable {
        package let distribution: ObjectKey
        /// Namespace of the Secret; nil for a cluster distribution that selects no known namespace.
        package let namespace: String?
        /// Name of the Secret; nil if the distribution names none.
        package let secret: String?
        /// The data keys that the file feeds, in the order of the spec.
        package let keys: [Key]
        /// The versions of the vault's objects behind these keys' files, as the status names them.
        package let sources: [SourceVersion]
        /// Nil if no problem was found here and the distribution has no status yet.
        package let reason: Reason?
        package let message: String
    }

    /// A data key that the file feeds.
    package struct Key: Sendable, Equatable {
        /// The file, or a file of the folder.
        package let from: String
        /// "*" for the keys that a file of `spec.dataFrom` contains.
        package let to: String
        package let optional: Bool
    }

    /// Whether the mount has the file.
    package enum Presence: Sendable, Equatable {
        /// The number of files; 1 unless it is a folder.
        case present(files: Int)
        case absent
        /// It exists but cannot be used, with the reason.
        case failed(String)
        /// The mount cannot be read here.
        case unknown
    }

    /// Relative to the mount, `certs/tls.crt`.
    package let file: String
    package let presence: Presence
    /// Sorted by distribution.
    package let readers: [Reader]
    /// The number of distributions of other instances that read it.
    package let others: Int
    /// If no distribution reads it: similar names that distributions read or the mount has, the most similar first.
    package let similar: [String]

    /// - Parameters:
    ///   - distributions: all distributions, of other instances too.
    ///   - namespaces: the namespaces that cluster distributions select from.
    ///   - snapshot: nil if the mount cannot be read here.
    ///   - policy: nil if there is none, or if it cannot be read here.
    package init(
        of file: SourcePath, in distributions: [SecretsDistribution], namespaces: [Namespace] = [], managedBy: String,
        onlyAssigned: Bool, snapshot: Snapshot?, policy: AccessPolicy?
    ) {
        let live = distributions.filter { !$0.isBeingDeleted }.flatMap { $0.bound(toEachOf: namespaces) }
        let ours = live.filter { $0.belongs(to: managedBy, onlyAssigned: onlyAssigned) }
        let winners = Dictionary(grouping: ours, by: \.target).compactMapValues { claimants in
            claimants.min(by: SecretsDistribution.precedes)
        }
        self.file = file.text
        presence = Presence(of: file, snapshot)
        var checks = CertificateCheckCache()
        let reading = ours.filter { $0.reads(file, in: snapshot) }
        readers = reading.sorted {
            ($0.key, $0.targetNamespace ?? "") < ($1.key, $1.targetNamespace ?? "")
        }.map { distribution in
            let winner = distribution.target.flatMap { winners[$0] } ?? distribution
            let refusal = distribution.refusal(winner: winner, snapshot, policy, managedBy: managedBy, &checks)
            return Reader(distribution, file, snapshot, refusal)
        }
        let all = Set(live.filter { $0.reads(file, in: snapshot) }.map(\.key))
        others = all.subtracting(reading.map(\.key)).count
        let names = Set(ours.flatMap { $0.spec.files.map(\.text) }).union(snapshot?.files.keys.map { $0 } ?? [])
        similar = readers.isEmpty ? SimilarNames.of(file.text, among: names.subtracting([file.text])) : []
    }
}

extension Explanation.Presence {
    fileprivate init(of file: SourcePath, _ snapshot: Snapshot?) {
        guard let snapshot else {
            self = .unknown
            return
        }
        switch snapshot.file(at: file) {
        case .content?: self = .present(files: 1)
        case .failed(let error)?: self = .failed(error.description)
        case nil:
            let count = snapshot.files.keys.count { file.covers($0) }
            self = count > 0 ? .present(files: count) : .absent
        }
    }
}

extension Explanation.Reader {
    /// A problem found here takes precedence over the stored status, which may be old.
    fileprivate init(
        _ distribution: SecretsDistribution, _ file: SourcePath, _ snapshot: Snapshot?, _ refusal: Refusal?
    ) {
        self.distribution = distribution.key
        namespace = distribution.targetNamespace
        secret = distribution.spec.name
        let keys = distribution.spec.keys(fedBy: file, in: snapshot)
        self.keys = keys
        let files = Set(keys.map(\.from))
        sources = distribution.status.sources.filter { files.contains($0.from) }
        let said = distribution.said
        reason = refusal?.reason ?? said.reason
        message = refusal?.message ?? Refusal.bounded(said.message)
    }
}

extension SecretsDistribution {
    /// What its status says about its target.
    fileprivate var said: (reason: Reason?, message: String) {
        let ready = status.ready
        guard isCluster, let targets = status.targets else {
            return (ready.flatMap { Reason(rawValue: $0.reason) }, ready?.message ?? status.statusText ?? "")
        }
        if let problem = targets.notInSync.first(where: { $0.namespace == targetNamespace }) {
            return (Reason(rawValue: problem.reason), problem.message)
        }
        // The status names only the first ones.
        let isNamed = targets.all - targets.inSync == targets.notInSync.count
        return (isNamed && targets.inSync > 0 ? .synced : nil, "")
    }

    /// A cluster distribution for each of its targets; the distribution itself if it has none.
    fileprivate func bound(toEachOf namespaces: [Namespace]) -> [SecretsDistribution] {
        guard let selection else { return [self] }
        let selected = namespaces.filter { !$0.isBeingDeleted && selection.selects($0) }
        return selected.isEmpty ? [self] : selected.map { bound(to: $0.name) }
    }

    fileprivate func reads(_ file: SourcePath, in snapshot: Snapshot?) -> Bool {
        !spec.keys(fedBy: file, in: snapshot).isEmpty
    }

    /// Why its Secret is held back, as far as this can be determined without reading the Secret.
    fileprivate func refusal(
        winner: SecretsDistribution, _ snapshot: Snapshot?, _ policy: AccessPolicy?, managedBy: String,
        _ checks: inout CertificateCheckCache
    ) -> Refusal? {
        if let refusal { return refusal }
        guard winner.key == key else { return .conflict(of: self, with: winner) }
        // Only the cluster knows its targets.
        guard target != nil else { return nil }
        let files = snapshot.map { checks.values.files(of: spec, in: $0) }
        if let policy, policy.mode == .enforce, let refusal = policy.refusal(of: self, files: files) { return refusal }
        guard let snapshot else { return nil }
        do {
            _ = try DesiredTarget(self, from: snapshot, managedBy: managedBy, checks: &checks)
            return nil
        } catch {
            return error
        }
    }
}

extension DistributionSpec {
    /// The data keys that a file, or the files of a folder, feed.
    fileprivate func keys(fedBy file: SourcePath, in snapshot: Snapshot?) -> [Explanation.Key] {
        var keys: [Explanation.Key] = []
        for mapping in mappings {
            for path in Set(mapping.source.files).sorted(by: { $0.text < $1.text }) where file.covers(path.text) {
                keys.append(.init(from: path.text, to: mapping.to, optional: mapping.optional))
            }
        }
        for source in dataFrom {
            for path in source.files where file.covers(path.text) {
                keys.append(.init(from: path.text, to: "*", optional: false))
            }
            guard let folder = source.folder else { continue }
            let paths = Set(snapshot?.files.keys.filter(file.covers) ?? []).union([file.text])
            for (path, name) in folder.files(among: paths) {
                keys.append(
                    .init(from: path.text, to: source.rename.map { $0.apply(name) ?? "" } ?? name, optional: false))
            }
        }
        return keys
    }
}

extension SourcePath {
    /// Whether `path` is this file, or a file below this folder. Compares bytes, as the kernel does.
    fileprivate func covers(_ path: String) -> Bool {
        path.utf8.elementsEqual(text.utf8) || path.utf8.starts(with: "\(text)/".utf8)
    }
}
