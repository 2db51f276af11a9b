/// A tree with ordered mappings, which `YAMLEmitter` writes.
///
///     let manifest: YAMLValue = ["apiVersion": "v1", "kind": "Secret", "data": .mapping(entries)]
package indirect enum YAMLValue: Sendable, Equatable {
    case mapping([Entry])
    case sequence([YAMLValue])
    case string(String)
    /// A text of several lines as a block literal (`|`). A text that no literal can hold is written in quotes.
    case literal(String)
    /// A plain scalar as it was written, such as `0640` or `1.50`.
    case plain(String)
    case int(Int)
    case bool(Bool)
    case null

    package struct Entry: Sendable, Equatable {
        package var key: String
        package var value: YAMLValue

        package init(_ key: String, _ value: YAMLValue) {
            self.key = key
            self.value = value
        }
    }
}

extension YAMLNode {
    /// The node as it was read, to be written again. Comments and the style of collections are lost.
    package var value: YAMLValue {
        switch kind {
        case .mapping(let pairs): .mapping(pairs.map { YAMLValue.Entry($0.name, $0.value.value) })
        case .sequence(let elements): .sequence(elements.map(\.value))
        case .scalar(let text, _):
            switch scalar {
            case .string: isLiteral ? .literal(text) : .string(text)
            case .null, nil: .null
            default: .plain(text)
            }
        }
    }
}

extension YAMLValue: ExpressibleByDictionaryLiteral, ExpressibleByArrayLiteral, ExpressibleByStringLiteral,
    ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral, ExpressibleByNilLiteral
{
    package init(dictionaryLiteral elements: (String, YAMLValue)...) {
        self = .mapping(elements.map { Entry($0.0, $0.1) })
    }
    package init(arrayLiteral elements: YAMLValue...) { self = .sequence(elements) }
    package init(stringLiteral value: String) { self = .string(value) }
    package init(integerLiteral value: Int) { self = .int(value) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(nilLiteral: ()) { self = .null }
}
