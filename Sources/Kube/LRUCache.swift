/// A dictionary that forgets what has not been used for long, so that it stays within its bound.
///
/// In halves: once the younger one is full it becomes the older one, and what is left of that is forgotten. What was
/// among the last keys that were used, half the capacity of them, is still there.
package struct LRUCache<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private let half: Int
    private var young: [Key: Value] = [:]
    private var old: [Key: Value] = [:]

    package init(capacity: Int) { half = max(1, capacity / 2) }

    package var count: Int { young.count + old.count }

    package subscript(key: Key) -> Value? {
        mutating get {
            if let value = young[key] { return value }
            guard let value = old[key] else { return nil }
            self[key] = value
            return value
        }
        set {
            old[key] = nil
            young[key] = newValue
            guard young.count >= half else { return }
            old = young
            young = [:]
        }
    }
}
