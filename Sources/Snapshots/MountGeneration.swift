import Observability

/// The generations that some content came from, one for each volume.
///
/// In the text form, the mount's own generation has no folder, `..2026_11_21_08_30_00.123456789`, and that of a volume
/// in a folder follows the folder, `azure/..2026_11_21_08_30_00.1`. Several are sorted by folder and joined by `, `.
package struct MountGeneration: Sendable, Hashable, CustomStringConvertible {
    /// The generation's name by the volume's folder, relative to the mount; "" is the mount itself.
    package let names: [String: String]

    package init(_ names: [String: String]) { self.names = names }

    /// Parses the text form. Any other text is the name of a generation of the mount itself.
    package init(parsing text: String) {
        var names: [String: String] = [:]
        // Uses Unicode scalars: in Swift, a slash followed by a combining mark is a different character.
        for part in text.split(separator: ", ") where !part.isEmpty {
            let scalars = part.unicodeScalars
            if let slash = scalars.lastIndex(of: "/") {
                let name = String(scalars[scalars.index(after: slash)...])
                names[Self.unescaped(String(scalars[..<slash]))] = Self.unescaped(name)
            } else {
                names[""] = Self.unescaped(String(part))
            }
        }
        self.names = names
    }

    package var description: String {
        names.sorted { $0.key < $1.key }.map { folder, name in
            folder.isEmpty ? Self.escaped(name) : "\(Self.escaped(folder))/\(Self.escaped(name))"
        }.joined(separator: ", ")
    }

    /// Escapes the comma, because the name of a folder may contain one.
    private static func escaped(_ text: String) -> String {
        guard text.utf8.contains(where: { $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "%") }) else { return text }
        return text.escaped { scalar in
            switch scalar {
            case ",": "%2C"
            case "%": "%25"
            default: nil
            }
        }
    }

    private static func unescaped(_ text: String) -> String {
        guard text.utf8.contains(UInt8(ascii: "%")) else { return text }
        return text.replacing("%2C", with: ",").replacing("%25", with: "%")
    }
}
