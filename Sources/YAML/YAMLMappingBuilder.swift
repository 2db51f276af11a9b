/// Collects the entries of a mapping and rejects duplicate keys. Entries of merge keys (`<<`) come last and do not
/// replace other entries.
struct YAMLMappingBuilder {
    private var own: [YAMLNode.Pair] = []
    private var merged: [YAMLNode.Pair] = []
    private var lines: [String: Int] = [:]
    private var mergeLine: Int?

    /// The entries so far. Of several merged mappings the first one wins (yaml.org/type/merge.html).
    var pairs: [YAMLNode.Pair] {
        var names = Set(lines.keys)
        return own + merged.filter { names.insert($0.name).inserted }
    }

    /// Adds an entry, or returns its problem.
    mutating func add(key: YAMLNode, value: YAMLNode) -> YAMLError.Problem? {
        if key.isMergeKey {
            if let mergeLine { return .duplicateKey(firstLine: mergeLine) }
            mergeLine = key.line
            return merge(value)
        }
        guard let scalar = key.scalar, scalar != .null else { return .unusableKey }
        let name = scalar.text
        if let line = lines.updateValue(key.line, forKey: name) { return .duplicateKey(firstLine: line) }
        own.append(YAMLNode.Pair(key: key, name: name, value: value))
        return nil
    }

    private mutating func merge(_ value: YAMLNode) -> YAMLError.Problem? {
        let sources = if case .sequence(let elements) = value.kind { elements } else { [value] }
        for source in sources {
            guard case .mapping(let pairs) = source.kind else { return .unusableMerge }
            merged += pairs
        }
        return nil
    }
}

extension YAMLNode {
    fileprivate var isMergeKey: Bool {
        tag == Self.coreTag("merge") || tag == nil && kind == .scalar("<<", isPlain: true)
    }
}
