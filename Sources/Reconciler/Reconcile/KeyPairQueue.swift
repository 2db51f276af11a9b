import Distribution
import Planning
import Values

/// The RSA key pairs that targets wait for, and those that were generated and are not stored yet. A value.
///
/// A key pair takes up to seconds, so it is kept until it is stored: a quota or a conflict must not cause another one.
struct KeyPairQueue: Sendable {
    /// The maximum number of targets whose key pairs are kept: of one namespace, and of all. Others wait until these are
    /// stored: a quota that refuses thousands of Secrets must not cost a processor.
    private static let (mostOfNamespace, most) = (32, 1024)

    private var requested: [ObjectKey: [GeneratedGroup]] = [:]
    private var generated: [ObjectKey: [GeneratedGroup: [String: SecretValue]]] = [:]
    /// The number of targets in `generated`, by namespace.
    private var counts: [String: Int] = [:]

    /// The number of targets whose key pairs are kept.
    var count: Int { generated.count }

    /// The values of a group by data key; nil if it was not generated yet.
    func values(of group: GeneratedGroup, for target: ObjectKey) -> [String: SecretValue]? {
        generated[target]?[group]
    }

    /// Requests groups for a target instead of those that were requested before.
    mutating func request(_ groups: [GeneratedGroup], for target: ObjectKey) { requested[target] = groups }

    /// The next group to generate for a target; nil if there is none.
    func next(for target: ObjectKey) -> GeneratedGroup? { requested[target]?.first }

    /// Stores a group, whether or not it is still requested.
    mutating func keep(_ values: [String: SecretValue], of group: GeneratedGroup, for target: ObjectKey) {
        requested[target]?.removeAll { $0 == group }
        if requested[target]?.isEmpty == true { requested[target] = nil }
        if generated[target] == nil { counts[target.namespace, default: 0] += 1 }
        generated[target, default: [:]][group] = values
    }

    /// Whether key pairs can be kept for a target.
    func hasRoom(for target: ObjectKey) -> Bool {
        generated[target] != nil
            || generated.count < Self.most && counts[target.namespace, default: 0] < Self.mostOfNamespace
    }

    /// Forgets the key pairs of a target that were stored or are not needed any more.
    mutating func forget(_ target: ObjectKey) {
        requested[target] = nil
        guard generated.removeValue(forKey: target) != nil else { return }
        let left = counts[target.namespace, default: 1] - 1
        counts[target.namespace] = left == 0 ? nil : left
    }
}
