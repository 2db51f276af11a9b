/// Which version of which vault object a target holds; an entry of `status.sources`.
package struct SourceVersion: Sendable, Hashable {
    /// The maximum number of entries.
    package static let most = 100
    /// Code points of each text, which come from the vault's provider.
    private static let longest = 512

    /// The source file.
    package let from: String
    /// The object's id as the provider names it, such as `secret/db-password`.
    package let object: String
    package let version: String
    /// The generation of the mount with which the version was read. The driver reports a version after it has written the
    /// files, so the version may belong to an older generation.
    package let generation: String

    /// Long texts are cut.
    package init(from: String, object: String, version: String, generation: String) {
        self.from = from
        self.object = object.onOneLine(atMost: Self.longest)
        self.version = version.onOneLine(atMost: Self.longest)
        self.generation = generation
    }
}

extension SourceVersion {
    /// Entries that cannot be read are left out, so that the status is written again.
    static func all(reading reader: inout FieldReader) -> [SourceVersion] {
        let entries = reader.array("sources", of: "\"from\"", atMost: most, required: false) ?? []
        return entries.compactMap { entry in
            var entry = entry
            guard let from = entry.string("from"), let object = entry.string("object"),
                let version = entry.string("version")
            else { return nil }
            return SourceVersion(
                from: from, object: object, version: version, generation: entry.string("generation") ?? "")
        }
    }
}
