import Distribution

/// The files of a mount, as the SecretProviderClasses of its volumes promise them.
package struct MountContent: Sendable {
    /// An object by the index of its class and its index there.
    package struct ObjectID: Sendable, Hashable, Comparable {
        package let classIndex: Int
        package let objectIndex: Int

        package static func < (left: ObjectID, right: ObjectID) -> Bool {
            (left.classIndex, left.objectIndex) < (right.classIndex, right.objectIndex)
        }
    }

    package let classes: [ProviderClass]
    private let unreadFolders: Set<String>
    /// The objects of each file that is listed.
    private var byFile: [SourcePath: [ObjectID]] = [:]
    /// The objects with numbered versions, by the path of the folder of their versions.
    private var byVersions: [String: [ObjectID]] = [:]

    /// - Parameter unreadFolders: where classes are mounted whose files are not known.
    init(_ classes: [ProviderClass], unreadFolders: [String]) {
        self.classes = classes
        self.unreadFolders = Set(unreadFolders)
        for (classIndex, each) in classes.enumerated() {
            for (objectIndex, object) in each.objects.enumerated() {
                let id = ObjectID(classIndex: classIndex, objectIndex: objectIndex)
                for file in object.files.all {
                    guard let path = try? SourcePath(file) else { continue }
                    byFile[path, default: []].append(id)
                }
                guard object.files.lastVersion > 0 else { continue }
                for file in object.files.certain where file.hasSuffix("/0") {
                    byVersions[String(file.dropLast(2)), default: []].append(id)
                }
            }
        }
    }

    package subscript(id: ObjectID) -> VaultObject { classes[id.classIndex].objects[id.objectIndex] }

    /// All objects, in the order of the classes.
    package var objects: [ObjectID] {
        classes.enumerated().flatMap { classIndex, each in
            each.objects.indices.map { ObjectID(classIndex: classIndex, objectIndex: $0) }
        }
    }

    /// The objects that give a file, or a file of a folder.
    func objects(of source: SourceField.Source) -> [ObjectID] {
        switch source {
        case .file(let path): byFile[path] ?? olderVersions(of: path.text)
        case .folder(let folder):
            Set(folder.files(among: byFile.keys.lazy.map(\.text)).flatMap { byFile[$0.path] ?? [] }).sorted()
        }
    }

    /// The objects of a version that is too old to be listed: `web/150`, `web/150.crt`.
    private func olderVersions(of path: String) -> [ObjectID] {
        let parts = path.split(separator: "/")
        guard let last = parts.last, parts.count > 1 else { return [] }
        let folder = parts.dropLast().joined(separator: "/")
        return (byVersions[folder] ?? []).filter { id in
            let files = self[id].files
            return ([""] + files.endings).contains { ending in
                guard last.hasSuffix(ending), let number = Int(last.dropLast(ending.count)) else { return false }
                return (0...files.lastVersion).contains(number)
            }
        }
    }

    /// Whether all files are known that the source could be. They are not below a class that could not be read.
    func isKnown(_ source: SourceField.Source) -> Bool {
        unreadFolders.allSatisfy { folder in
            let start = folder.isEmpty ? "" : "\(folder)/"
            return switch source {
            case .file(let path): !path.text.hasPrefix(start)
            case .folder(let source):
                !"\(source.path)/".hasPrefix(start) && !start.hasPrefix(source.path.isEmpty ? "" : "\(source.path)/")
            }
        }
    }

    /// Names of files that may have been meant.
    func similar(to path: SourcePath) -> [String] { SimilarNames.of(path.text, among: byFile.keys.lazy.map(\.text)) }
}
