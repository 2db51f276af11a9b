package import Distribution
import YAML

/// One object of a vault that a SecretProviderClass names, and the files that it becomes.
package struct VaultObject: Sendable {
    /// As the class has it: the name of a secret, an ARN, a resource name or a path.
    package let name: String
    package let place: FilePlace
    package let files: ObjectFiles
    /// What the provider reads from the vault for it.
    package let access: [VaultAccess]
    /// The entry of the class.
    let entry: YAMLNode
}

/// The files that an object becomes, with paths relative to the mount of the class.
package struct ObjectFiles: Sendable, Equatable {
    /// The files that every mount has.
    package var certain: [String] = []
    /// Endings that a setting of the provider adds to further files: with Azure's `--write-cert-and-key-in-separate-files`,
    /// a certificate `web` also becomes `web.crt` and `web.key`.
    package var endings: [String] = []
    /// The last number of Azure's `objectVersionHistory`: `web/0` is the newest version, and `web/1` to `web/N` exist if
    /// the vault has as many older ones. 0 for all other objects.
    package var lastVersion = 0

    /// The maximum number of older versions that `all` lists.
    private static let mostVersions = 31

    /// The certain and the possible files, the latter up to a limit.
    var all: [String] {
        let versions = (0..<min(lastVersion, Self.mostVersions)).flatMap { number in
            certain.compactMap { file in file.hasSuffix("/0") ? file.dropLast() + "\(number + 1)" : nil }
        }
        let names = certain + versions.map { String($0) }
        return names + endings.flatMap { ending in names.map { $0 + ending } }
    }

    /// The same files in a folder.
    func inside(_ folder: String) -> ObjectFiles {
        var moved = self
        if !folder.isEmpty { moved.certain = certain.map { "\(folder)/\($0)" } }
        return moved
    }
}

extension VaultObject {
    /// The id under which the provider reports the version of each file in a `SecretProviderClassPodStatus`: for Azure
    /// `type/name`, with the number of the version if there is a history (`GetObjectUID` in `pkg/provider/types`), for AWS
    /// the name of the file, and for the others the name of the object.
    package var reportedIDs: [(id: String, file: String)] {
        let named = files.all.map { file in (file: file, base: base(of: file)) }
        return named.map { file, base in
            switch access.first {
            case .azure(_, let kind, let name)?:
                let number = files.lastVersion > 0 ? base.split(separator: "/").last.map { "/\($0)" } ?? "" : ""
                return ("\(kind.rawValue)/\(name)\(number)", file)
            case .awsSecret?, .awsParameter?: return (base, file)
            case .googleSecret?, .googleParameters?, .vaultPath?, nil: return (name, file)
            }
        }
    }

    /// The version that the class asks for; nil for the latest.
    package var version: String? { entry["objectVersion"]?.string.flatMap { $0.isEmpty ? nil : $0 } }

    /// The file without an ending that the provider adds to further files.
    private func base(of file: String) -> String {
        guard let ending = files.endings.first(where: file.hasSuffix), !files.certain.contains(file) else {
            return file
        }
        return String(file.dropLast(ending.count))
    }
}
