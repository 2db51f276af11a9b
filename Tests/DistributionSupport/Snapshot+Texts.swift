import Observability
package import Snapshots

extension Snapshot {
    package init(_ texts: [String: String], generation: String = "..2024_05_01", failed: [String: SourceError] = [:]) {
        var files = texts.mapValues { SourceFile(SecretBytes(Array($0.utf8))) }
        for (path, error) in failed { files[path] = .failed(error) }
        self.init(generation: generation, createdAt: Timestamp(seconds: 0), files: files)
    }
}

extension Digest {
    package init(_ text: String) { self.init(of: SecretBytes(Array(text.utf8))) }
}

extension SecretBytes {
    package var text: String { withUnsafeBytes { String(decoding: $0, as: UTF8.self) } }
}
