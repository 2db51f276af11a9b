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
    /// The ids under which the provider reports the object's version in a `SecretProviderClassPodStatus`: `type/name` for
    /// Azure, the names of the files for AWS, and the name of the object for the others.
    package var reportedIDs: [String] {
        access.compactMap { access in
            if case .azure(_, let kind, let name) = access { "\(kind.rawValue)/\(name)" } else { nil }
        }
            + files.certain + [name]
    }
}
