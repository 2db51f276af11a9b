import Distribution
import LinuxIO

/// How large objects of one kind are, of those that are larger than the rest: their answers need room. One that is not in a
/// list any more is forgotten.
final class LargeObjects: Sendable {
    /// In bytes: an answer that is smaller fits anyway.
    private static let usual = 16 << 10

    private let sizes = Mutex<[ObjectKey: Int]>([:])

    /// Bytes of JSON; 0 for one that is not large.
    subscript(key: ObjectKey) -> Int { sizes.withLock { $0[key] ?? 0 } }

    /// An object has come.
    func note(_ key: ObjectKey, size: Int) {
        sizes.withLock { sizes in
            if size > Self.usual { sizes[key] = size } else if !sizes.isEmpty { sizes[key] = nil }
        }
    }

    /// These are all objects of `scope`.
    func keep(only keys: Set<ObjectKey>, in scope: Scope) {
        sizes.withLock { sizes in
            for key in Array(sizes.keys) where scope.contains(key.namespace) && !keys.contains(key) { sizes[key] = nil }
        }
    }

    func forget(_ key: ObjectKey) { sizes.withLock { $0[key] = nil } }
}
