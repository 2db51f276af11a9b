import MountWatch
import Snapshots

/// What tests ask of readings. Contents are compared as text, and only those that tests have made up.
extension MountReading {
    var snapshot: Snapshot? { if case .snapshot(let snapshot) = self { snapshot } else { nil } }
    var absence: String? { if case .absent(let reason) = self { reason } else { nil } }
    /// Why there will be no other generation.
    var loss: String? { if case .lost(let reason) = self { reason } else { nil } }
    /// Nil if there is no generation.
    var texts: [String: String]? { snapshot?.texts }
}

extension Snapshot {
    /// The readable files' contents.
    var texts: [String: String] { files.compactMapValues(\.text) }
}

extension SourceFile {
    var bytes: SecretBytes? { if case .content(let bytes, _) = self { bytes } else { nil } }
    var text: String? { bytes?.withUnsafeBytes { String(decoding: $0, as: UTF8.self) } }
    var error: SourceError? { if case .failed(let error) = self { error } else { nil } }
}
