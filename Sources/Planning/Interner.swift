package import Distribution
import Kube
import Snapshots

/// Lets what thousands of objects have in common stand in memory once: namespaces, times, generations, the keys of
/// annotations, whole maps and lists. Each comes from a text of its own, and would have memory of its own.
///
/// Only what was met last is looked through, and only what is small, so that nothing has to be forgotten when objects go.
///
/// Only what has the same bytes is one: who gets another's spelling of a file's name or of a label gets another one.
package struct Interner: Sendable {
    private var texts = LRUCache<String, String>(capacity: 1024)
    private var maps = LRUCache<[String: String], [String: String]>(capacity: 256)
    private var contents = LRUCache<[String: Digest], [String: Digest]>(capacity: 256)
    private var mappings = LRUCache<[Mapping], [Mapping]>(capacity: 256)

    package init() {}

    /// - Parameters:
    ///   - known: what is known under the same key.
    ///   - outcome: what its status may say.
    package mutating func share(
        _ distribution: inout SecretsDistribution, with known: SecretsDistribution?, _ outcome: DistributionStatus?
    ) {
        share(&distribution.key, known?.key)
        if let known, known.uid == distribution.uid { distribution.uid = known.uid }
        share(&distribution.createdAt)
        if distribution.spec.name == distribution.key.name { distribution.spec.name = distribution.key.name }
        share(&distribution.spec.type)
        if distribution.spec.mappings.isSmall(\.from.text) {
            Self.share(&distribution.spec.mappings, &mappings) { $0.isSame(as: $1) }
        }
        share(&distribution.spec.labels)
        share(&distribution.spec.annotations)
        share(&distribution.status, outcome)
    }

    private mutating func share(_ status: inout StoredStatus, _ outcome: DistributionStatus?) {
        if let outcome, status.statusText?.isSame(as: outcome.message) == true { status.statusText = outcome.message }
        share(&status.lastUpdated)
        share(&status.mountGeneration)
        for index in status.conditions.indices {
            share(&status.conditions[index].lastTransitionTime)
            guard let text = status.statusText, status.conditions[index].message.isSame(as: text) else { continue }
            status.conditions[index].message = text
        }
    }

    /// - Parameters:
    ///   - known: what is known under the same key.
    ///   - key: the key as it stands elsewhere.
    package mutating func share(_ target: inout ObservedTarget, with known: ObservedTarget?, _ key: ObjectKey?) {
        share(&target.key, known?.key ?? key)
        if let known, known.uid == target.uid { target.uid = known.uid }
        share(&target.type)
        if target.digests.isSmall(\.key) {
            Self.share(&target.digests, &contents) { $0.isSame(as: $1, ==) }
        }
        share(&target.labels)
        share(&target.changedBy)
        // Their values differ, in their distribution at least.
        let mark = known?.annotations[WellKnownKeys.distribution]
        target.annotations = Dictionary(
            uniqueKeysWithValues: target.annotations.map { key, value in
                var (key, value) = (key, value)
                share(&key)
                if let mark, value.isSame(as: mark) { value = mark } else { share(&value) }
                return (key, value)
            })
    }

    private mutating func share(_ key: inout ObjectKey, _ known: ObjectKey?) {
        if let known, known == key { return key = known }
        var namespace = key.namespace
        share(&namespace)
        key = ObjectKey(namespace: namespace, name: key.name)
    }

    private mutating func share(_ map: inout [String: String]) {
        if map.isSmall(\.value) { Self.share(&map, &maps) { $0.isSame(as: $1) { $0.isSame(as: $1) } } }
    }

    private mutating func share(_ text: inout String?) {
        guard var shared = text else { return }
        share(&shared)
        text = shared
    }

    private mutating func share(_ text: inout String) {
        if text.isShared { Self.share(&text, &texts) { $0.isSame(as: $1) } }
    }

    /// - Parameter isSame: whether two that are equal have the same bytes.
    private static func share<Value: Hashable>(
        _ value: inout Value, _ known: inout LRUCache<Value, Value>, _ isSame: (Value, Value) -> Bool
    ) {
        if let shared = known[value], isSame(shared, value) { value = shared } else { known[value] = value }
    }
}

extension [Mapping] {
    /// Of two that are equal.
    fileprivate func isSame(as other: Self) -> Bool { zip(self, other).allSatisfy { $0.to.isSame(as: $1.to) } }
}

extension Dictionary where Key == String {
    /// Of two that are equal.
    fileprivate func isSame(as other: Self, _ areSame: (Value, Value) -> Bool) -> Bool {
        allSatisfy { key, value in
            guard let index = other.index(forKey: key) else { return false }
            return key.isSame(as: other[index].key) && areSame(value, other[index].value)
        }
    }
}

extension String {
    /// In bytes. A longer one is hardly anybody else's too, and would outlive its object here.
    fileprivate static let longestShared = 256

    /// A shorter one stands in the variable itself.
    fileprivate var isShared: Bool { (16...Self.longestShared).contains(utf8.count) }
}

extension Collection {
    fileprivate func isSmall(_ text: (Element) -> String) -> Bool {
        count <= 32 && allSatisfy { text($0).utf8.count <= String.longestShared }
    }
}
