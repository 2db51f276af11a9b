import Certificates
package import Distribution
import Formats
package import Snapshots

/// The values of the data keys of one distribution, all from one snapshot.
package struct Values: Sendable {
    /// By data key.
    package private(set) var content: [String: SecretValue] = [:]
    /// By data key: the optional sources that are missing. Without a value, except for templates.
    package private(set) var missing: [String: [SourcePath]] = [:]
    /// The keys of `spec.dataFrom`: the index of its entry in the list.
    package private(set) var members: [String: Int] = [:]
    /// The size of all values, in bytes.
    package private(set) var size = 0

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
        for mapping in spec.mappings {
            // After the first failure, only look for missing files: deriving more values could be slow.
            if failures.isRefused, !mapping.source.isPlain { continue }
            // The Secret stores it.
            if case .generated = mapping.source { continue }
            do throws(SourceFailure) {
                if case .template(let template) = mapping.source {
                    let rendered = try sources.render(template, for: mapping.to)
                    add(rendered.value, for: mapping.to)
                    if !rendered.missing.isEmpty { missing[mapping.to] = rendered.missing }
                } else {
                    add(try sources.value(of: mapping.source, for: isTLS ? mapping.to : nil), for: mapping.to)
                }
            } catch {
                if mapping.optional, let path = error.missingFile {
                    missing[mapping.to] = [path]
                } else {
                    failures.add(error)
                }
            }
        }
        let mapped = spec.dataFrom.isEmpty ? [] : Set(spec.mappings.map(\.to))
        for (index, source) in spec.dataFrom.enumerated() where !failures.isRefused {
            do throws(SourceFailure) {
                try add(try sources.members(of: source), of: source, at: index, in: spec, besides: mapped)
            } catch {
                failures.add(error)
            }
        }
        if let refusal = failures.refusal { throw refusal }
        guard size <= SourceFile.maximumSize else { throw .tooLarge(count: content.count, size) }
    }

    private mutating func add(_ value: SecretValue, for key: String) {
        size += value.bytes.count
        content[key] = value
    }

    /// Adds the members of an entry of `spec.dataFrom`. An entry of `spec.secrets` takes precedence.
    private mutating func add(
        _ found: [(name: String, value: SecretValue)], of source: DataSource, at index: Int, in spec: DistributionSpec,
        besides mapped: Set<String>
    ) throws(SourceFailure) {
        for (name, value) in found {
            let key = source.rename.map { $0.apply(name) } ?? name
            // First, because a name that is not ASCII can be equal to one that is.
            if let problem = key.map(DistributionSpec.problem(ofDataKey:)) ?? "is too long when it is renamed" {
                // What looks like a name in such a file may be a value.
                let text = source.hasNames ? problem : "is not a key that a Secret can have"
                throw .refused(
                    Refusal(
                        .invalidSpec, "Source \(source.description) gives a key that \(text); rename or exclude it."))
            }
            guard let key, !mapped.contains(key) else { continue }
            if let other = members.updateValue(index, forKey: key) {
                let first = other == index ? "" : "\(spec.dataFrom[other].description) and "
                throw .refused(
                    Refusal(
                        .invalidSpec,
                        "Key \(shown(key)) occurs twice in the sources \(first)\(source.description); rename or exclude"
                            + " one of them."))
            }
            add(value, for: key)
            guard size <= 2 * SourceFile.maximumSize else { throw .refused(.tooLarge(count: content.count, size)) }
            guard content.count <= DistributionSpec.mostMappings else {
                throw .refused(
                    Refusal(
                        .targetTooLarge,
                        "Its sources give more than \(DistributionSpec.mostMappings) data keys, which is the maximum."))
            }
        }
    }
}

extension ValueSource {
    /// Whether it is a file as it is.
    fileprivate var isPlain: Bool { if case .file = self { true } else { false } }
}

extension DataSource {
    /// Whether its names are names for certain. A line of any file can pass for a property.
    fileprivate var hasNames: Bool {
        if case .file(_, let format, _) = content { format == .json } else { true }
    }
}

extension Refusal {
    package static func tooLarge(count: Int, _ size: Int) -> Refusal {
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

    /// Whether there is a failure other than a missing source.
    var isRefused: Bool { refused != nil }

    var refusal: Refusal? {
        if !files.isEmpty {
            var known: Set<SourcePath> = []
            let files = files.filter { known.insert($0).inserted }
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
