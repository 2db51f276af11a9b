import Snapshots

/// The path of a source file relative to the mount, known not to lead out of it by its text.
///
/// The kernel guards the rest (`openat2` with `RESOLVE_BENEATH`); a snapshot's files are looked up by this text alone.
///
/// Equal only by bytes, as file names are to the kernel: texts that Swift calls equal may name two files.
package struct SourcePath: Sendable, Hashable, CustomStringConvertible {
    /// `certs/tls.crt`: no empty, `.` or `..` component.
    package let text: String

    package var description: String { text }

    package static func == (left: SourcePath, right: SourcePath) -> Bool { left.text.isSame(as: right.text) }

    package func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }

    /// The folders that lead to the file: of `a/b/c`, `a/b` and `a`.
    package var folders: [String] { Array(text.foldersAbove) }

    /// Bytes; a path can be no longer (path_resolution(7), PATH_MAX).
    private static let longest = 4096
    /// Folders: deeper ones of the mount are not read. Without a limit, the folders of one path of a megabyte would fill
    /// all memory.
    private static let deepest = 24

    /// - Throws: what is wrong with `raw`, as the rest of a sentence.
    package init(_ raw: String) throws(SourcePathError) {
        guard !raw.isEmpty else { throw .init("is empty, expected the path of a file in the mount") }
        guard raw.utf8.count <= Self.longest else {
            throw .init("is \(raw.utf8.count) bytes long, expected at most \(Self.longest)")
        }
        guard !raw.utf8.contains(0) else {
            throw .init("has a NUL character, expected the path of a file in the mount")
        }
        // By scalars: with a combining mark behind it, a slash is another character to Swift and a slash to the kernel.
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
                "is \(shown(raw)), a name that the volume keeps for itself; expected the path of a file in the mount")
        }
        guard components.count - 1 <= Self.deepest else {
            throw .init("is \(shown(raw)), \(components.count - 1) folders deep; expected at most \(Self.deepest)")
        }
        text = components.joined(separator: "/")
    }

    /// A volume's own link to its current generation is left out, `azure/..data/pw` is `azure/pw`: the file is meant,
    /// and a file has one name, for the policy too.
    private static func withoutLinks(_ components: [String]) -> [String] {
        components.enumerated().filter { index, component in
            component != "..data" || index == components.count - 1 || (index > 0 && components[index - 1] == "..data")
        }.map(\.element)
    }
}

extension String {
    /// They have the same bytes. For `==` canonically equal texts are enough: `K` and the Kelvin sign, U+212A.
    package func isSame(as other: String) -> Bool { utf8.elementsEqual(other.utf8) }
}

package struct SourcePathError: Error, CustomStringConvertible {
    let message: String
    init(_ message: String) { self.message = message }
    package var description: String { message }
}
