/// Builds the tree of one document from its events: resolves aliases and merge keys, and enforces the limits.
///
/// Aliases are expanded. Ten lines of nested aliases can expand to billions of nodes ("billion laughs"), so the limits
/// apply to the size after the expansion.
struct YAMLComposer {
    /// A node and its size.
    private struct Composed {
        var node: YAMLNode
        var nodes = 1
        var textBytes = 0
        var height = 1

        mutating func add(_ child: Composed) {
            nodes += child.nodes
            textBytes += child.textBytes
            height = max(height, child.height + 1)
        }
    }

    private let limits: YAMLParser.Limits
    private var anchors: [String: Composed] = [:]
    private var nodes = 0
    private var aliasedBytes = 0

    init(limits: YAMLParser.Limits) { self.limits = limits }

    /// Reads the events of one document, except its end; nil for a document without content.
    mutating func document(from reader: borrowing YAMLEventReader) throws(YAMLError) -> YAMLNode? {
        let (event, place) = try reader.next()
        let node = try compose(event, place, reader, depth: 1).node
        return node.tag == nil && node.kind == .scalar("", isPlain: true) ? nil : node
    }

    private mutating func compose(
        _ event: YAMLEvent, _ place: YAMLEvent.Place, _ reader: borrowing YAMLEventReader, depth: Int
    ) throws(YAMLError) -> Composed {
        guard depth <= limits.depth else { throw error(.tooDeep(limit: limits.depth), place) }
        let composed: Composed
        let properties: YAMLEvent.Properties
        switch event {
        case .alias(let anchor): return try alias(anchor, place, depth: depth)
        case .scalar(let text, let isPlain, let given):
            composed = Composed(node: node(.scalar(text, isPlain: isPlain), given, place), textBytes: text.utf8.count)
            guard composed.node.isUsableScalar else { throw error(.unusableScalar, place) }
            properties = given
        case .sequenceStart(let given):
            composed = try sequence(given, place, reader, depth: depth)
            properties = given
        case .mappingStart(let given):
            composed = try mapping(given, place, reader, depth: depth)
            properties = given
        default: throw error(.syntax("did not find expected node"), place)
        }
        try count(nodes: 1, place)
        // Set only after the node is complete, so that a node cannot contain itself.
        if let anchor = properties.anchor { anchors[anchor] = composed }
        return composed
    }

    private mutating func sequence(
        _ properties: YAMLEvent.Properties, _ place: YAMLEvent.Place, _ reader: borrowing YAMLEventReader, depth: Int
    ) throws(YAMLError) -> Composed {
        var elements: [YAMLNode] = []
        var result = Composed(node: node(.sequence([]), properties, place))
        while true {
            let (event, place) = try reader.next()
            if case .sequenceEnd = event { break }
            let element = try compose(event, place, reader, depth: depth + 1)
            elements.append(element.node)
            result.add(element)
        }
        result.node.kind = .sequence(elements)
        return result
    }

    private mutating func mapping(
        _ properties: YAMLEvent.Properties, _ place: YAMLEvent.Place, _ reader: borrowing YAMLEventReader, depth: Int
    ) throws(YAMLError) -> Composed {
        var entries = YAMLMappingBuilder()
        var result = Composed(node: node(.mapping([]), properties, place))
        while true {
            let (keyEvent, keyPlace) = try reader.next()
            if case .mappingEnd = keyEvent { break }
            let key = try compose(keyEvent, keyPlace, reader, depth: depth + 1)
            let (event, place) = try reader.next()
            let value = try compose(event, place, reader, depth: depth + 1)
            result.add(key)
            result.add(value)
            if let problem = entries.add(key: key.node, value: value.node) { throw error(problem, keyPlace) }
        }
        result.node.kind = .mapping(entries.pairs)
        return result
    }

    private mutating func alias(
        _ anchor: String, _ place: YAMLEvent.Place, depth: Int
    ) throws(YAMLError) -> Composed {
        guard let composed = anchors[anchor] else { throw error(.unknownAlias, place) }
        guard depth + composed.height - 1 <= limits.depth else { throw error(.tooDeep(limit: limits.depth), place) }
        try count(nodes: composed.nodes, place)
        aliasedBytes += composed.textBytes
        guard aliasedBytes <= limits.aliasedBytes else { throw error(.tooLarge(limit: limits.aliasedBytes), place) }
        return composed
    }

    private mutating func count(nodes more: Int, _ place: YAMLEvent.Place) throws(YAMLError) {
        nodes += more
        guard nodes <= limits.nodes else { throw error(.tooLarge(limit: limits.nodes), place) }
    }

    private func node(_ kind: YAMLNode.Kind, _ properties: YAMLEvent.Properties, _ place: YAMLEvent.Place) -> YAMLNode {
        YAMLNode(
            kind: kind, tag: properties.tag, line: place.line, column: place.column, isLiteral: properties.isLiteral)
    }

    private func error(_ problem: YAMLError.Problem, _ place: YAMLEvent.Place) -> YAMLError {
        YAMLError(problem, line: place.line, column: place.column)
    }
}
