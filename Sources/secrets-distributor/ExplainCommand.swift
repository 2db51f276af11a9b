import Agent
import Distribution
import JSON
import Observability
import Planning

/// The command `explain FROM`, which shows the targets of a source file.
enum ExplainCommand {
    static func run(_ operand: String, _ invocation: Invocation) async throws -> Int32 {
        let settings = invocation.settings
        let file: SourcePath
        do {
            file = try path(operand, below: settings.secretsPath)
        } catch {
            return Program.fail("FROM \(error); see secrets-distributor explain --help", 64)
        }
        let logger = Logger(level: settings.logLevel, format: invocation.logFormat)
        let explanation = try await Explainer(settings: settings, logger: logger).explain(file)
        let diagram = ExplanationDiagram(explanation)
        invocation.output.print(
            explanation.json, invocation.output == .mermaid ? { _ in diagram.lines } : explanation.lines)
        return explanation.readers.isEmpty ? 1 : 0
    }

    /// The path as a distribution would write it. A folder may end with a slash, and a file may have its absolute path
    /// in the mount.
    static func path(_ operand: String, below mount: String) throws(SourcePathError) -> SourcePath {
        var text = operand[...]
        while text.utf8.count > 1, text.utf8.last == UInt8(ascii: "/") { text.removeLast() }
        let prefix = "\(mount)/".utf8
        if text.utf8.starts(with: prefix) { text = Substring(text.utf8.dropFirst(prefix.count)) }
        return try SourcePath(String(text))
    }
}

extension Explanation {
    func lines(styled: Bool) -> [String] {
        var lines: [String] = []
        if !readers.isEmpty {
            var table = Table("SECRET", "KEY", "FROM", "OPTIONAL", "DISTRIBUTION", "REASON", "MESSAGE")
            for reader in readers {
                for key in reader.keys {
                    table.add(
                        .init(reader.target),
                        .init(key.to), .init(key.from), .init(key.optional ? "yes" : "no"),
                        .init(reader.distribution.description),
                        .init(reader.reason?.rawValue ?? "", reader.reason.map { $0 == .synced ? .green : .red }),
                        .init(reader.message))
                }
            }
            lines += table.lines(styled: styled) + [""]
        }
        return lines + sentences.map(\.onOneLine)
    }

    private var sentences: [String] {
        let name = JSONText.quoted(file)
        var sentences: [String] = []
        if readers.isEmpty {
            sentences.append("No distribution reads \(name).")
            if !similar.isEmpty {
                sentences.append("Similar names: \(similar.map(JSONText.quoted).joined(separator: ", ")).")
            }
        } else {
            let targets = Set(
                readers.compactMap { reader in
                    reader.namespace.flatMap { _ in reader.secret.map { _ in reader.target } }
                })
            let namespaces = Set(readers.compactMap(\.namespace)).count
            sentences.append(
                "\(name) feeds \(targets.count) \(targets.count == 1 ? "Secret" : "Secrets") in \(namespaces)"
                    + " \(namespaces == 1 ? "namespace" : "namespaces").")
        }
        for source in Set(readers.flatMap(\.sources)).sorted(by: { ($0.from, $0.generation) < ($1.from, $1.generation) }
        ) {
            let count = readers.count { $0.sources.contains(source) }
            sentences.append(
                "\(count) \(count == 1 ? "distribution holds" : "distributions hold") version \(source.version) of"
                    + " \(source.object) from \(JSONText.quoted(source.from)), read with generation \(source.generation)."
            )
        }
        if others > 0 {
            let nouns = others == 1 ? "distribution of another instance reads" : "distributions of other instances read"
            sentences.append("\(others) \(nouns) it too.")
        }
        switch presence {
        case .present(1): sentences.append("It is in the mount.")
        case .present(let count): sentences.append("It is a folder of the mount with \(count) files.")
        case .absent: sentences.append("It is not in the mount.")
        case .failed(let reason): sentences.append("In the mount, it \(reason).")
        case .unknown: break
        }
        return sentences
    }

    var json: JSONValue {
        [
            "from": .string(file), "inMount": presence.json, "otherInstances": .int(others),
            "similar": .array(similar.map { .string($0) }),
            "readers": .array(
                readers.map { reader in
                    [
                        "namespace": reader.namespace.map { .string($0) } ?? .null,
                        "secret": reader.secret.map { .string($0) } ?? .null,
                        "distribution": .string(reader.distribution.name),
                        "keys": .array(
                            reader.keys.map {
                                ["from": .string($0.from), "to": .string($0.to), "optional": .bool($0.optional)]
                            }),
                        "sources": .array(
                            reader.sources.map {
                                [
                                    "from": .string($0.from), "object": .string($0.object),
                                    "version": .string($0.version), "generation": .string($0.generation),
                                ]
                            }),
                        "reason": reader.reason.map { .string($0.rawValue) } ?? .null,
                        "message": .string(reader.message),
                    ]
                }),
        ]
    }
}

extension Explanation.Reader {
    /// `web/tls`; `*/tls` for a cluster distribution whose namespaces are not known.
    fileprivate var target: String { secret.map { "\(namespace ?? "*")/\($0)" } ?? "" }
}

extension Explanation.Presence {
    /// Null if unknown.
    fileprivate var json: JSONValue {
        switch self {
        case .present, .failed: true
        case .absent: false
        case .unknown: .null
        }
    }
}
