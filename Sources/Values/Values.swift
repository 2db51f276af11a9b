import Certificates
package import Distribution
import Formats
package import Snapshots

/// The values of the data keys of one distribution, all from one snapshot.
package struct Values: Sendable {
    /// By data key.
    package private(set) var content: [String: SecretValue] = [:]
    /// By data key: the optional sources that are missing. Without a value, except for templates.
    package private(set) var missing: [String: SourcePath] = [:]
    /// The keys of `spec.dataFrom`: the index of its entry in the list.
    package private(set) var members: [String: Int] = [:]

    /// - Throws: why the target must not be changed.
    package init(
        of spec: DistributionSpec, in snapshot: Snapshot, _ cache: inout ValueCache
    ) throws(Refusal) {
        var sources = Sources(snapshot: snapshot, cache: cache)
        // Moved, so that the cache is changed in place.
        cache = ValueCache()
        defer { cache = sources.cache }
        let isTLS = spec.type == SecretType.tls.rawValue
        var failures = Failures()
        var size = 0
        for mapping in spec.mappings {
            do throws(SourceFailure) {
                if case .template(let template) = mapping.source {
                    let rendered = try sources.render(template)
                    content[mapping.to] = rendered.value
                    missing[mapping.to] = rendered.missing
                } else {
                    content[mapping.to] = try sources.value(of: mapping.source, for: isTLS ? mapping.to : nil)
                }
                size += content[mapping.to]?.bytes.count ?? 0
            } catch {
                if mapping.optional, let path = error.missingFile {
                    missing[mapping.to] = path
                } else {
                    failures.add(error)
                }
            }
            // Values can be derived many times from one large file.
            guard size <= 4 * SourceFile.maximumSize else { throw .tooLarge(count: content.count, size) }
        }
        for (index, source) in spec.dataFrom.enumerated() {
            do throws(SourceFailure) {
                try add(try sources.members(of: source), of: source, at: index, in: spec)
            } catch {
                failures.add(error)
            }
        }
        if let refusal = failures.refusal { throw refusal }
        size = content.values.reduce(0) { $0 + $1.bytes.count }
        guard size <= SourceFile.maximumSize else { throw .tooLarge(count: content.count, size) }
        guard content.count <= DistributionSpec.mostMappings else {
            throw Refusal(
                .targetTooLarge,
                "Its sources give \(content.count) data keys, expected at most \(DistributionSpec.mostMappings).")
        }
    }

    /// Adds the members of an entry of `spec.dataFrom`. An entry of `spec.secrets` takes precedence.
    private mutating func add(
        _ found: [(name: String, value: SecretValue)], of source: DataSource, at index: Int, in spec: DistributionSpec
    ) throws(SourceFailure) {
        let mapped = Set(spec.mappings.map(\.to))
        for (name, value) in found {
            let key = source.rename?.apply(name) ?? name
            // First, because a name that is not ASCII can be equal to one that is.
            if let problem = DistributionSpec.problem(ofDataKey: key) {
                throw .refused(
                    Refusal(
                        .invalidSpec, "Source \(source.description) gives a key that \(problem); rename or exclude it.")
                )
            }
            if mapped.contains(key) { continue }
            if let other = members.updateValue(index, forKey: key) {
                let both =
                    other == index
                    ? source.description : "\(spec.dataFrom[other].description) and \(source.description)"
                throw .refused(
                    Refusal(
                        .invalidSpec,
                        "Key \(shown(key)) occurs twice in the sources \(both); rename or exclude one of them."))
            }
            content[key] = value
        }
    }
}

extension Refusal {
    fileprivate static func tooLarge(count: Int, _ size: Int) -> Refusal {
        Refusal(
            .targetTooLarge,
            "Its \(count) values are \(size) bytes, more than the \(SourceFile.maximumSize) that a Secret can hold.")
    }
}

/// Why a source gives no value to a target.
enum SourceFailure: Error {
    case missingFile(SourcePath)
    /// The document has nothing at the pointer, a string for a message.
    case missingMember(SourcePath, String)
    case refused(Refusal)

    static func unreadable(_ path: SourcePath, _ problem: some CustomStringConvertible) -> SourceFailure {
        .refused(Refusal(.sourceUnreadable, "Source file \(shown(path.text)) \(problem)."))
    }

    /// The file, if it or its member is missing.
    var missingFile: SourcePath? {
        switch self {
        case .missingFile(let path), .missingMember(let path, _): path
        case .refused: nil
        }
    }
}

/// The failures of all sources of a target: missing files are listed together, before the first other one.
private struct Failures {
    private var files: [SourcePath] = []
    private var members: [(SourcePath, String)] = []
    private var refused: Refusal?

    mutating func add(_ failure: SourceFailure) {
        switch failure {
        case .missingFile(let path): files.append(path)
        case .missingMember(let path, let pointer): members.append((path, pointer))
        case .refused(let refusal): refused = refused ?? refusal
        }
    }

    var refusal: Refusal? {
        if !files.isEmpty {
            let names = NameList(files.lazy.map { shown($0.text) }, of: files.count)
            return Refusal(.sourceNotFound, "The mount has no file \(names).")
        }
        if let refused { return refused }
        guard !members.isEmpty else { return nil }
        let names = NameList(
            members.lazy.map { "\(shown($0.1)) in source file \(shown($0.0.text))" }, of: members.count)
        return Refusal(.sourceNotFound, "There is no value at \(names).")
    }
}
