import JSON
import Snapshots

/// A checked value of a JSON text, with its members in an order in which they are found quickly.
struct JSONTree: Sendable {
    enum Parts: Sendable {
        /// Sorted by name.
        case object([Member])
        case list([JSONTree])
        /// Any other value.
        case scalar
    }

    struct Member: Sendable {
        /// UTF-8.
        let name: ArraySlice<UInt8>
        let value: JSONTree
    }

    let parts: Parts
    private let node: JSONNode

    /// - Throws: if the node or a value in it is not valid.
    init(checking node: JSONNode) throws(FormError) {
        var checker = JSONChecker()
        self = try checker.tree(of: node)
    }

    fileprivate init(_ node: JSONNode, _ parts: Parts) {
        self.node = node
        self.parts = parts
    }

    var isNull: Bool { node.isNull }

    /// The text of a string; any other value as it is written, without white space.
    var content: SecretBytes {
        if let text = node.stringBytes { return SecretBytes(text) }
        return Self.compact(node.text)
    }

    private static func compact(_ text: ArraySlice<UInt8>) -> SecretBytes {
        var isInString = false
        var isEscaped = false
        return SecretBytes(
            text.filter { byte in
                guard isInString else {
                    isInString = byte == UInt8(ascii: "\"")
                    return !byte.isWhiteSpace
                }
                if isEscaped {
                    isEscaped = false
                } else {
                    isEscaped = byte == UInt8(ascii: "\\")
                    isInString = byte != UInt8(ascii: "\"")
                }
                return true
            })
    }
}

extension JSONTree {
    /// The value at `pointer`; nil if there is none, or if it is null.
    func find(_ pointer: JSONPointer) throws(FormError) -> JSONTree? {
        var value = self
        for (depth, token) in pointer.tokens.enumerated() {
            let found: JSONTree?
            switch value.parts {
            case .object(let members): found = Self.value(of: token, in: members)
            case .list(let elements):
                guard let index = Self.index(token) else {
                    throw FormError(
                        "\(value.description(at: pointer.tokens[..<depth])), "
                            + "expected the pointer to continue with an index")
                }
                found = index < elements.count ? elements[index] : nil
            case .scalar:
                guard value.isNull else {
                    throw FormError("\(value.description(at: pointer.tokens[..<depth])), expected an object or a list")
                }
                found = nil
            }
            guard let found else { return nil }
            value = found
        }
        return value.isNull ? nil : value
    }

    private static func value(of name: [UInt8], in members: [Member]) -> JSONTree? {
        var range = members.indices
        while !range.isEmpty {
            let middle = range.lowerBound + range.count / 2
            if members[middle].name.lexicographicallyPrecedes(name) {
                range = (middle + 1)..<range.upperBound
            } else {
                range = range.lowerBound..<middle
            }
        }
        guard range.lowerBound < members.count else { return nil }
        let member = members[range.lowerBound]
        return member.name.elementsEqual(name) ? member.value : nil
    }

    /// The index of an element (RFC 6901, section 4); nil if the token is not one. `-` is the element after the last
    /// one, which does not exist, as is any index that is too large for an integer.
    private static func index(_ token: [UInt8]) -> Int? {
        if token == [UInt8(ascii: "-")] { return .max }
        guard let first = token.first, token.allSatisfy(\.isDigit) else { return nil }
        guard first != UInt8(ascii: "0") || token.count == 1 else { return nil }
        return Int(String(decoding: token, as: UTF8.self)) ?? .max
    }

    /// What is at a place, as the start of a sentence.
    func description(at place: ArraySlice<[UInt8]>) -> String {
        place.isEmpty ? "is \(kind)" : "has \(kind) at \(JSONPointer.shown(place))"
    }

    private var kind: String {
        switch parts {
        case .object: "an object"
        case .list: "a list"
        case .scalar: node.isString ? "a string" : node.isNumber ? "a number" : node.isNull ? "null" : "a boolean"
        }
    }
}

/// Checks what `JSONParser` leaves to the reader of a value. The recursion is limited by `JSONNode.deepest`.
private struct JSONChecker {

    private enum Step {
        case member(ArraySlice<UInt8>)
        case element(Int)
    }

    private var count = 0
    /// The path to the present value.
    private var path: [Step] = []

    mutating func tree(of node: JSONNode) throws(FormError) -> JSONTree {
        count += 1
        guard count <= JSONDocument.mostValues else {
            throw FormError("has more than \(JSONDocument.mostValues) values")
        }
        if node.isObject { return JSONTree(node, .object(try members(of: node))) }
        if node.isArray {
            var elements: [JSONTree] = []
            for element in node.elements {
                path.append(.element(elements.count))
                elements.append(try tree(of: element))
                path.removeLast()
            }
            return JSONTree(node, .list(elements))
        }
        guard !node.isTooDeep else {
            throw FormError("is nested too deeply at \(place), expected at most \(JSONNode.deepest) objects and lists")
        }
        guard node.isNull || node.bool != nil || node.isNumber || node.stringBytes != nil else {
            throw FormError(
                node.isString
                    ? "is not valid JSON: the string at \(place) has an invalid escape or a control character"
                    : "is not valid JSON: the number at \(place) is invalid")
        }
        return JSONTree(node, .scalar)
    }

    private mutating func members(of object: JSONNode) throws(FormError) -> [JSONTree.Member] {
        var members: [JSONTree.Member] = []
        for (key, value) in object.members {
            guard let name = key.stringBytes else {
                throw FormError(
                    "is not valid JSON: a name in the object at \(place) has an invalid escape or a control character")
            }
            path.append(.member(name))
            members.append(JSONTree.Member(name: name, value: try tree(of: value)))
            path.removeLast()
        }
        members.sort { $0.name.lexicographicallyPrecedes($1.name) }
        for (member, next) in zip(members, members.dropFirst()) where member.name == next.name {
            path.append(.member(member.name))
            throw FormError("has two members \(place), expected each name once in an object")
        }
        return members
    }

    private var place: String {
        JSONPointer.shown(
            path.map { step in
                switch step {
                case .member(let name): Array(name.prefix(200))
                case .element(let index): Array(String(index).utf8)
                }
            })
    }
}
