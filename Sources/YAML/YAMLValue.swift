/// A tree with ordered mappings, which `YAMLEmitter` writes.
///
///     let manifest: YAMLValue = ["apiVersion": "v1", "kind": "Secret", "data": .mapping(entries)]
package indirect enum YAMLValue: Sendable, Equatable {
    case mapping([Entry])
    case sequence([YAMLValue])
    case string(String)
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
