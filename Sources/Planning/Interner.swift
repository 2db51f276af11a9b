package import Distribution
import Kube
import Snapshots

/// Stores equal values of thousands of objects once: namespaces, times, generations, the keys of annotations, complete
/// maps and lists. Each object is decoded from its own text, and would have its own copies.
///
/// Only recent and small values are shared, so that nothing has to be removed when objects are deleted.
///
/// Values are shared only if their bytes are equal. Swift's `==` also holds for strings that are canonically equal,
/// such as two spellings of a file name.
package struct Interner: Sendable {
    private var texts = LRUCache<String, String>(capacity: 1024)
    private var maps = LRUCache<[String: String], [String: String]>(capacity: 256)
    private var contents = LRUCache<[String: Digest], [String: Digest]>(capacity: 256)
    private var mappings = LRUCache<[Mapping], [Mapping]>(capacity: 256)

    package init() {}

    /// - Parameters:
    ///   - known: the cached distribution with the same key.
    ///   - outcome: its last result, whose message its status may contain.
    package mutating func share(
        _ distribution: inout SecretsDistribution, with known: SecretsDistribution?, _ outcome: DistributionStatus?
    ) {
        share(&distribution.key, known?.key)
        if let known, known.uid == distribution.uid { distribution.uid = known.uid }
        share(&distribution.createdAt)
        if distribution.spec.name == distribution.key.name { distribution.spec.name = distribution.key.name }
        share(&distribution.spec.type)
        if distribution.spec.mappings.isSmall {
            Self.share(&distribution.spec.mappings, &mappings) { $0.isSame(as: $1) }
        }
        share(&distribution.spec.labels)
        share(&distribution.spec.annotations)
        share(&distribution.status, outcome)
    }

    package mutating func share(_ namespace: inout Namespace) { share(&namespace.labels) }

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
    ///   - known: the cached target with the same key.
    ///   - key: an equal key that is stored elsewhere.
    package mutating func share(_ target: inout ObservedTarget, with known: ObservedTarget?, _ key: ObjectKey?) {
        share(&target.key, known?.key ?? key)
        if let known, known.uid == target.uid { target.uid = known.uid }
        share(&target.type)
        if target.digests.isSmall(\.key) {
            Self.share(&target.digests, &contents) { $0.isSame(as: $1, ==) }
        }
        share(&target.labels)
        share(&target.changedBy)
        // The maps differ at least in the distribution, so they are not shared as a whole.
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

    /// - Parameter isSame: whether two equal values have the same bytes.
    private static func share<Value: Hashable>(
        _ value: inout Value, _ known: inout LRUCache<Value, Value>, _ isSame: (Value, Value) -> Bool
    ) {
        if let shared = known[value], isSame(shared, value) { value = shared } else { known[value] = value }
    }
}

extension [Mapping] {
    /// Whether it is short, and so are its sources.
    fileprivate var isSmall: Bool {
        isSmall { mapping in
            switch mapping.source {
            case .file(let path): path.text
            case .derived(let path, let derivation):
                path.text + (derivation.pointer?.text ?? "") + (derivation.passwordFrom?.text ?? "")
            case .constant(let text): text.text
            case .template, .generated: ""
            }
        } && allSatisfy { if case .template = $0.source { false } else { true } }
    }

    /// Whether two equal lists have the same bytes.
    fileprivate func isSame(as other: Self) -> Bool { zip(self, other).allSatisfy { $0.to.isSame(as: $1.to) } }
}

extension Dictionary where Key == String {
    /// Whether two equal dictionaries have the same bytes.
    fileprivate func isSame(as other: Self, _ areSame: (Value, Value) -> Bool) -> Bool {
        allSatisfy { key, value in
            guard let index = other.index(forKey: key) else { return false }
            return key.isSame(as: other[index].key) && areSame(value, other[index].value)
        }
    }
}

extension String {
    /// In bytes. A longer string is rarely shared, and would outlive its object here.
    fileprivate static let longestShared = 256

    /// Swift stores a string of up to 15 bytes inline, so there is nothing to share.
    fileprivate var isShared: Bool { (16...Self.longestShared).contains(utf8.count) }
}

extension Collection {
    fileprivate func isSmall(_ text: (Element) -> String) -> Bool {
        count <= 32 && allSatisfy { text($0).utf8.count <= String.longestShared }
    }
}
