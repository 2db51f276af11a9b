package import Distribution

/// Which objects of a mount the distributions use, and which of their sources no object gives.
package struct MountCoverage: Sendable {
    package let content: MountContent
    /// The distributions that use an object, and the class itself if its `secretObjects` do.
    private var users: [MountContent.ObjectID: Set<String>] = [:]
    private var found: [SourceField.Source: [MountContent.ObjectID]] = [:]
    private var searches = 0

    /// Similar names are searched only for so many sources: each search reads all names.
    private static let mostSearches = 100

    package init(_ parsed: ClassManifests.Parsed) {
        content = MountContent(parsed.classes, unreadFolders: parsed.unreadFolders)
        for id in content.objects {
            let each = parsed.classes[id.classIndex]
            if content[id].files.all.contains(where: each.ownFiles.contains) {
                users[id, default: []].insert("SecretProviderClass \(each.label)")
            }
        }
    }

    /// Records the use of a source.
    ///
    /// - Parameter user: the distribution.
    /// - Returns: what is wrong, as the rest of a sentence after the field; nil if an object gives the source, or if an
    ///   object that could not be read may give it.
    package mutating func use(_ source: SourceField.Source, by user: String) -> String? {
        let objects = found[source] ?? content.objects(of: source)
        found[source] = objects
        for id in objects { users[id, default: []].insert(user) }
        guard objects.isEmpty, content.isKnown(source) else { return nil }
        switch source {
        case .file(let path):
            var message = "is \(shown(path.text)), a file that no object of the provider classes gives"
            searches += 1
            let names = searches <= Self.mostSearches ? content.similar(to: path) : []
            if !names.isEmpty { message += "; similar names: \(names.map(shown).joined(separator: ", "))" }
            return message
        case .folder(let folder):
            let name = shown(folder.path.isEmpty ? "." : folder.path)
            return "is \(name), a folder for which no object of the provider classes gives a file"
        }
    }

    /// The users of an object, sorted.
    package func users(of id: MountContent.ObjectID) -> [String] { (users[id] ?? []).sorted() }

    /// The objects that something uses, in the order of the classes.
    package var usedObjects: [MountContent.ObjectID] { content.objects.filter { users[$0] != nil } }

    /// The objects that nothing uses.
    package var unusedObjects: [MountContent.ObjectID] { content.objects.filter { users[$0] == nil } }

    /// A remark for each object that nothing uses.
    package var unused: [Finding] { unusedObjects.map { remark($0) } }

    /// - Parameter advice: what follows from it, as the rest of the sentence.
    func remark(_ id: MountContent.ObjectID, _ advice: String = "") -> Finding {
        let object = content[id]
        return Finding(object.place, "no distribution uses the object \(shown(object.name))\(advice)", isRemark: true)
    }
}
