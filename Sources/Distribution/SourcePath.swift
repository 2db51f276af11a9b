import Snapshots

/// The path of a source file relative to the mount. Its text cannot lead out of the mount.
///
/// The kernel checks symbolic links (`openat2` with `RESOLVE_BENEATH`). Files of a snapshot are looked up by this text
/// only.
///
/// Paths are compared by their bytes, as the kernel does: strings that are equal in Swift may name different files.
package struct SourcePath: Sendable, Hashable, CustomStringConvertible {
    /// For example `certs/tls.crt`. No component is empty, `.` or `..`.
    package let text: String

    package var description: String { text }

    package static func == (left: SourcePath, right: SourcePath) -> Bool { left.text.isSame(as: right.text) }

    package func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }

    /// The folders that contain the file: for `a/b/c`, `a/b` and `a`.
    package var folders: [String] { Array(text.foldersAbove) }

    /// Bytes. The kernel accepts no longer path (path_resolution(7), PATH_MAX).
    private static let longest = 4096
    /// The maximum number of folders. Deeper folders of the mount are not read. The limit also bounds the memory that
    /// `folders` takes.
    private static let deepest = 24

    /// - Throws: the problem of `raw`, as the rest of a sentence.
    package init(_ raw: String) throws(SourcePathError) {
        guard !raw.isEmpty else { throw .init("is empty, expected the path of a file in the mount") }
        guard raw.utf8.count <= Self.longest else {
            throw .init("is \(raw.utf8.count) bytes long, expected at most \(Self.longest)")
        }
        guard !raw.utf8.contains(0) else {
            throw .init("has a NUL character, expected the path of a file in the mount")
        }
        // By scalars: a slash followed by a combining mark is another character in Swift, but a slash to the kernel.
        let parts = raw.unicodeScalars.split(separator: "/", omittingEmptySubsequences: false).map { String($0) }
        guard parts.first != "" else {
            throw .init("is \(shown(raw)), an absolute path; expected one relative to the mount")
        }
        let components = Self.withoutLinks(parts.filter { !$0.isEmpty && $0 != "." })
        guard !components.contains("..") else {
            throw .init("is \(shown(raw)), which leads out of a folder; expected a path without \"..\"")
        }
        guard parts.last == components.last else {
            throw .init("is \(shown(raw)), a folder; expected the path of a file in the mount")
        }
        guard !components.contains(where: { $0.utf8.starts(with: "..".utf8) }) else {
            throw .init(
                "is \(shown(raw)), a name that the volume reserves; expected the path of a file in the mount")
        }
        guard components.count - 1 <= Self.deepest else {
            throw .init("is \(shown(raw)), \(components.count - 1) folders deep; expected at most \(Self.deepest)")
        }
        text = components.joined(separator: "/")
    }

    /// Removes the volume's own link to its current generation: `azure/..data/pw` becomes `azure/pw`. Each file has
    /// only one name, so that the access policy cannot be bypassed.
    private static func withoutLinks(_ components: [String]) -> [String] {
        components.enumerated().filter { index, component in
            component != "..data" || index == components.count - 1 || (index > 0 && components[index - 1] == "..data")
        }.map(\.element)
    }
}

extension String {
    /// Whether both have the same bytes. `==` is true for canonically equivalent texts: `K` and the Kelvin sign,
    /// U+212A.
    package func isSame(as other: String) -> Bool { utf8.elementsEqual(other.utf8) }
}

package struct SourcePathError: Error, CustomStringConvertible {
    let message: String
    init(_ message: String) { self.message = message }
    package var description: String { message }
}
