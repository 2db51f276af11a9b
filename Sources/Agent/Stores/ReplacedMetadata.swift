import Distribution
import Kube
import LinuxIO

/// Metadata of Secrets that were deleted to be replaced, until the replacement is made.
final class ReplacedMetadata: Sendable {
    private let metadata = Mutex<[ObjectKey: JSONValue]>([:])

    subscript(key: ObjectKey) -> JSONValue? {
        get { metadata.withLock { $0[key] } }
        set {
            metadata.withLock { metadata in
                // The annotation holds a copy of the values: not to be kept.
                metadata[key] = newValue?.merging(["annotations": [Marks.lastApplied: nil]])
            }
        }
    }
}
