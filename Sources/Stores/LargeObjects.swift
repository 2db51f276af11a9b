import Distribution
import LinuxIO

/// The sizes of the large objects of one kind, because requests for them must reserve memory for the response. Objects
/// that are not in the last list are forgotten.
final class LargeObjects: Sendable {
    /// In bytes. Smaller responses need no reservation.
    private static let usual = 16 << 10

    private let sizes = Mutex<[ObjectKey: Int]>([:])

    /// The size of the object's JSON in bytes; 0 if it is not large.
    subscript(key: ObjectKey) -> Int { sizes.withLock { $0[key] ?? 0 } }

    /// Records the size of an object that was received.
    func record(_ key: ObjectKey, size: Int) {
        sizes.withLock { sizes in
            if size > Self.usual { sizes[key] = size } else if !sizes.isEmpty { sizes[key] = nil }
        }
    }

    /// Forgets the objects of `scope` that are not in `keys`.
    func keep(only keys: Set<ObjectKey>, in scope: Scope) {
        sizes.withLock { sizes in
            for key in Array(sizes.keys) where scope.contains(key.namespace) && !keys.contains(key) { sizes[key] = nil }
        }
    }

    func forget(_ key: ObjectKey) { sizes.withLock { $0[key] = nil } }
}
