import Distribution
import Planning
import Values

/// The RSA key pairs that targets wait for, and those that were generated and are not stored yet. A value.
///
/// A key pair takes up to seconds, so it is kept until it is stored: a quota or a conflict must not cause another one.
struct KeyPairQueue: Sendable {
    /// The maximum number of targets whose key pairs are kept. Those of others are generated again.
    private static let most = 256

    private var requested: [ObjectKey: [GeneratedGroup]] = [:]
    private var generated: [ObjectKey: [GeneratedGroup: [String: SecretValue]]] = [:]
    /// The targets in `generated`, the oldest first.
    private var order: [ObjectKey] = []

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
        if generated[target] == nil { order.append(target) }
        generated[target, default: [:]][group] = values
        if order.count > Self.most { forget(order[0]) }
    }

    /// Forgets the key pairs of a target that were stored or are not needed any more.
    mutating func forget(_ target: ObjectKey) {
        requested[target] = nil
        if generated.removeValue(forKey: target) != nil { order.removeAll { $0 == target } }
    }
}
