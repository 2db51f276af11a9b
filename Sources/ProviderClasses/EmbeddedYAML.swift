import Distribution
import YAML

/// The one document of a YAML text inside of a manifest.
struct EmbeddedYAML {
    /// Nil for an empty text.
    let root: YAMLNode?
    let lines: LineMap
    let path: String

    /// Limits for a text, and for one object in it: an alias of the manifest can repeat a text that has aliases itself.
    private static func limits(nodes: Int, aliasedBytes: Int) -> YAMLParser.Limits {
        var limits = YAMLParser.Limits()
        (limits.depth, limits.nodes, limits.aliasedBytes, limits.errors) = (40, nodes, aliasedBytes, 1)
        return limits
    }
    private static let mostObjects = 1000

    /// - Returns: nil if the text is not one document of YAML; its problem is noted.
    init?(
        _ scalar: YAMLNode, in lines: LineMap, path: String, isObject: Bool = false, _ findings: inout ClassFindings
    ) {
        self.lines = lines.inside(scalar)
        self.path = path
        guard case .scalar(let text, _) = scalar.kind else { return nil }
        let limits =
            isObject
            ? Self.limits(nodes: 100, aliasedBytes: 1 << 12) : Self.limits(nodes: 50_000, aliasedBytes: 1 << 20)
        let stream = YAMLParser.parse(Array(text.utf8), limits: limits)
        if let error = stream.errors.first {
            findings.note(self.lines(error.line), "\(path) is not valid YAML: \(error.reason)")
            return nil
        }
        if let second = stream.documents.dropFirst().first {
            findings.note(
                self.lines(second.line), "\(path) has a second document, which the provider ignores; expected one")
            return nil
        }
        root = stream.documents.first
    }

    /// The objects of a list; other entries are noted.
    func objects(_ dialect: ObjectFields.Dialect, _ findings: inout ClassFindings) -> [ObjectFields] {
        entries(of: root, path, &findings).enumerated().compactMap { index, entry in
            guard case .mapping = entry.kind else {
                findings.note(lines(entry.line), "\(path)[\(index)] is \(entry.noun), expected an object")
                return nil
            }
            return ObjectFields(node: entry, lines: lines, path: "\(path)[\(index)]", dialect: dialect)
        }
    }

    /// The entries of a list, if it is one and has not too many.
    func entries(of node: YAMLNode?, _ path: String, _ findings: inout ClassFindings) -> [YAMLNode] {
        guard let node else { return [] }
        guard case .sequence(let entries) = node.kind else {
            findings.note(lines(node.line), "\(path) is \(node.noun), expected a list")
            return []
        }
        guard entries.count <= Self.mostObjects else {
            findings.note(
                lines(node.line), "\(path) has \(entries.count) objects, expected at most \(Self.mostObjects)")
            return []
        }
        return entries
    }
}
