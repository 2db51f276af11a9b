package import Distribution
package import Snapshots

/// Who is touched when one source file, or any file below one folder, is rotated.
package struct Explanation: Sendable {
    /// A distribution of this instance that reads it.
    package struct Reader: Sendable {
        package let distribution: ObjectKey
        /// Name of the Secret; nil if the distribution names none.
        package let secret: String?
        /// Those that read the file, in their order.
        package let mappings: [Mapping]
        /// Nil: nothing keeps it from its Secret as far as can be seen here, and its status has not said anything yet.
        package let reason: Reason?
        package let message: String
    }

    /// What the mount says of it.
    package enum Presence: Sendable, Equatable {
        /// So many files; one, unless it is a folder.
        case present(files: Int)
        case absent
        /// There is something that cannot be used; why.
        case failed(String)
        /// The mount cannot be read here.
        case unknown
    }

    /// Relative to the mount, `certs/tls.crt`.
    package let file: String
    package let presence: Presence
    /// Sorted by distribution.
    package let readers: [Reader]
    /// How many distributions of other instances read it.
    package let others: Int
    /// If nobody reads it: names like it that distributions read or the mount has, the most alike first.
    package let similar: [String]

    /// - Parameters:
    ///   - distributions: all that there are.
    ///   - snapshot: nil if the mount cannot be read here.
    ///   - policy: nil if there is none, or it cannot be read here.
    package init(
        of file: SourcePath, in distributions: [SecretsDistribution], managedBy: String, onlyAssigned: Bool,
        snapshot: Snapshot?, policy: AccessPolicy?
    ) {
        let live = distributions.filter { !$0.isBeingDeleted }
        let ours = live.filter { $0.belongs(to: managedBy, onlyAssigned: onlyAssigned) }
        let winners = Dictionary(grouping: ours, by: \.target).compactMapValues { claimants in
            claimants.min(by: SecretsDistribution.isOlder)?.key
        }
        self.file = file.text
        presence = Presence(of: file, snapshot)
        var pairs = CertificateCheckCache()
        readers = ours.filter { $0.reads(file) }.sorted { $0.key < $1.key }.map { distribution in
            let winner = distribution.target.flatMap { winners[$0] } ?? distribution.key
            let refusal = distribution.refusal(winner: winner, snapshot, policy, managedBy: managedBy, &pairs)
            return Reader(distribution, file, refusal)
        }
        others = live.count { $0.reads(file) } - readers.count
        let names = Set(ours.flatMap { $0.spec.mappings.map(\.from.text) }).union(snapshot?.files.keys.map { $0 } ?? [])
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
    /// What can be seen here comes before what the status said some time ago.
    fileprivate init(_ distribution: SecretsDistribution, _ file: SourcePath, _ refusal: Refusal?) {
        self.distribution = distribution.key
        secret = distribution.spec.name
        mappings = distribution.spec.mappings.filter { file.covers($0.from.text) }
        let said = distribution.status.ready
        reason = refusal?.reason ?? said.flatMap { Reason(rawValue: $0.reason) }
        message = refusal?.message ?? Refusal.bounded(said?.message ?? distribution.status.statusText ?? "")
    }
}

extension SecretsDistribution {
    fileprivate func reads(_ file: SourcePath) -> Bool { spec.mappings.contains { file.covers($0.from.text) } }

    /// Why its Secret is held back, as far as it can be told without that.
    fileprivate func refusal(
        winner: ObjectKey, _ snapshot: Snapshot?, _ policy: AccessPolicy?, managedBy: String,
        _ pairs: inout CertificateCheckCache
    ) -> Refusal? {
        if let refusal { return refusal }
        guard winner == key else {
            return Refusal(
                .targetConflict,
                "Secret \(spec.name ?? "") belongs to SecretsDistribution \(winner.name), which is older.")
        }
        if let policy, policy.mode == .enforce, let refusal = policy.refusal(of: self) { return refusal }
        guard let snapshot else { return nil }
        do {
            _ = try DesiredTarget(self, from: snapshot, managedBy: managedBy, pairs: &pairs)
            return nil
        } catch {
            return error
        }
    }
}

extension SourcePath {
    /// It is this file, or a file below this folder. By bytes, as the kernel tells names apart.
    fileprivate func covers(_ path: String) -> Bool {
        path.utf8.elementsEqual(text.utf8) || path.utf8.starts(with: "\(text)/".utf8)
    }
}
