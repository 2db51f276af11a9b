import MountWatch
import Snapshots

/// Accessors for tests. Contents are compared as text; tests use only made-up contents.
extension MountReading {
    var snapshot: Snapshot? { if case .snapshot(let snapshot) = self { snapshot } else { nil } }
    var absence: String? { if case .absent(let reason) = self { reason } else { nil } }
    /// The reason why there will be no other generation.
    var loss: String? { if case .lost(let reason) = self { reason } else { nil } }
    /// Nil if there is no generation.
    var texts: [String: String]? { snapshot?.texts }
}

extension Snapshot {
    /// The contents of readable files.
    var texts: [String: String] { files.compactMapValues(\.text) }
}

extension SourceFile {
    var bytes: SecretBytes? { if case .content(let bytes, _) = self { bytes } else { nil } }
    var text: String? { bytes?.withUnsafeBytes { String(decoding: $0, as: UTF8.self) } }
    var error: SourceError? { if case .failed(let error) = self { error } else { nil } }
}
