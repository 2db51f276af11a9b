import Distribution
import ProviderClasses
import Stores

/// The value of `--provider-class`: `FILE`, or `FOLDER=FILE` for a class that is mounted in a folder of `SECRETS_PATH`.
struct ProviderClassArgument: Equatable {
    /// "" is `SECRETS_PATH` itself.
    let folder: String
    let file: String

    init(_ text: String) throws(OptionError) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map { String($0) }
        file = parts[parts.count - 1]
        var folder = parts.count > 1 ? parts[0] : "."
        while folder.count > 1, folder.last == "/" { folder.removeLast() }
        let path = folder == "." ? "" : try? SourcePath(folder).text
        guard let path, !file.isEmpty else {
            throw OptionError(
                name: CommandFlag.providerClass.flag, value: text,
                takes: "FILE, or FOLDER=FILE with a folder relative to SECRETS_PATH, \".\" for SECRETS_PATH itself")
        }
        self.folder = path
    }

    /// The classes of all files, and their problems. A file that cannot be read is a problem.
    static func read(_ arguments: [ProviderClassArgument]) -> ClassManifests.Parsed {
        var all = ClassManifests.Parsed()
        for argument in arguments {
            do {
                let bytes = try FileBytes.read(argument.file)
                let parsed = ClassManifests.parse(bytes, file: argument.file, folder: argument.folder)
                all.classes += parsed.classes
                all.findings += parsed.findings
                all.unreadFolders += parsed.unreadFolders
            } catch {
                all.findings.append(Finding(FilePlace(file: argument.file, line: 0), "\(error)"))
                all.unreadFolders.append(argument.folder)
            }
        }
        return all
    }
}

extension MountCoverage {
    /// Records the use of the sources of a file.
    ///
    /// - Returns: the sources that no object gives. A source that is optional is only a remark.
    mutating func findings(for sources: [Manifests.Source], in file: String) -> [Finding] {
        sources.compactMap { source in
            guard let problem = use(source.field.source, by: source.distribution) else { return nil }
            return Finding(
                file: file, line: source.line, message: source.field.problem(problem).description,
                isRemark: source.field.isOptional)
        }
    }
}
