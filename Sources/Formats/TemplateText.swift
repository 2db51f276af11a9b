import Observability
package import Snapshots

/// A text with variables, for example `postgres://${user|url}:${password|trim|url}@db`.
///
/// A variable is `${NAME}` or `${NAME|FILTER|…}`, with the filters `url`, `json`, `base64` and `trim`. `$$` is a dollar
/// sign, and any other `$` is an error. Templates are equal if their bytes are.
package struct TemplateText: Sendable, Hashable {
    fileprivate enum Part: Sendable, Hashable {
        /// UTF-8.
        case text([UInt8])
        /// The name is ASCII. The filters are applied in this order.
        case variable(name: String, filters: [TemplateFilter])
    }

    /// The number of bytes that filters may read for all templates of a target. Without a limit, short results could take
    /// long: filters can make large content small again and again.
    package static let mostFilterInput = 16 << 20

    /// Only the text is kept: its parts take several times its memory.
    private let text: String

    /// The variables, in the order of their first use.
    package let names: [String]

    /// - Throws: the line and the column of what is not valid, and what was expected.
    package init(_ text: String) throws(FormError) {
        var parser = TemplateParser(text)
        var known: Set<String> = []
        var names: [String] = []
        for case .variable(let name, _) in try parser.parts() where known.insert(name).inserted { names.append(name) }
        self.text = text
        self.names = names
    }

    package static func == (left: TemplateText, right: TemplateText) -> Bool {
        left.text.utf8.elementsEqual(right.text.utf8)
    }

    package func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }

    /// Puts values in place of the variables.
    ///
    /// - Parameters:
    ///   - maximumSize: the maximum size of the result and of the result of each filter, in bytes.
    ///   - filterInput: the number of bytes that filters have read so far; it is increased.
    ///   - value: returns the value of a name of `names`. It is called for each use.
    /// - Throws: if the result is too large, or if a filter cannot be applied to a value.
    package func render(
        maximumSize: Int, filterInput: inout Int, _ value: (String) -> SecretBytes
    ) throws(FormError) -> SecretBytes {
        var result: [UInt8] = []
        var parser = TemplateParser(text)
        for part in try parser.parts() {
            switch part {
            case .text(let text): try Self.append(text, to: &result, maximumSize)
            case .variable(let name, let filters):
                let content = value(name)
                if filters.isEmpty {
                    try content.withUnsafeBytes { (content) throws(FormError) in
                        try Self.append(content, to: &result, maximumSize)
                    }
                } else {
                    let filtered = try Self.apply(filters, to: content, of: name, maximumSize, &filterInput)
                    try Self.append(filtered, to: &result, maximumSize)
                }
            }
        }
        return SecretBytes(result)
    }

    /// The line and column of the first use of a variable, from 1.
    package func place(of name: String) -> String {
        var parser = TemplateParser(text)
        return parser.place(of: name) ?? "an unknown place"
    }

    /// - Parameter input: the number of bytes that filters have read. Checked before they are copied.
    private static func apply(
        _ filters: [TemplateFilter], to content: SecretBytes, of name: String, _ maximumSize: Int, _ input: inout Int
    ) throws(FormError) -> [UInt8] {
        var size = content.count
        var bytes: [UInt8]?
        for filter in filters {
            input += size
            guard input <= mostFilterInput else {
                throw FormError("applies filters to more than \(mostFilterInput) bytes of values")
            }
            let filtered = try filter.apply(to: bytes ?? content.withUnsafeBytes { Array($0) }, of: name)
            guard filtered.count <= max(maximumSize, size) else { throw isTooLarge(maximumSize) }
            size = filtered.count
            bytes = filtered
        }
        return bytes ?? []
    }

    private static func append(
        _ bytes: some Collection<UInt8>, to result: inout [UInt8], _ maximumSize: Int
    ) throws(FormError) {
        guard bytes.count <= maximumSize - result.count else { throw isTooLarge(maximumSize) }
        result.append(contentsOf: bytes)
    }

    private static func isTooLarge(_ maximumSize: Int) -> FormError {
        FormError("is larger than \(maximumSize) bytes with its values")
    }
}

/// Parses the syntax of `TemplateText`.
private struct TemplateParser {
    private static let longestName = 63

    /// A place in the text, in lines and characters from 1.
    private struct Place: CustomStringConvertible {
        var line = 1
        var column = 1

        var description: String { "line \(line), column \(column)" }
    }

    private let bytes: [UInt8]
    private var position = 0
    /// The place of the next character.
    private var place = Place()

    init(_ text: String) { bytes = Array(text.utf8) }

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skip() {
        if bytes[position] == UInt8(ascii: "\n") {
            place = Place(line: place.line + 1)
        } else if position + 1 == bytes.count || !bytes[position + 1].isContinuation {
            place.column += 1
        }
        position += 1
    }

    /// The place of the first use of a variable in a valid text.
    mutating func place(of name: String) -> String? {
        while let byte = next {
            let start = place
            skip()
            guard byte == UInt8(ascii: "$") else { continue }
            let isVariable = next == UInt8(ascii: "{")
            skip()
            if isVariable, parseWord() == name { return "\(start)" }
        }
        return nil
    }

    mutating func parts() throws(FormError) -> [TemplateText.Part] {
        var parts: [TemplateText.Part] = []
        var text: [UInt8] = []
        while let byte = next {
            let place = place
            skip()
            guard byte == UInt8(ascii: "$") else {
                text.append(byte)
                continue
            }
            switch next {
            case UInt8(ascii: "$"):
                skip()
                text.append(UInt8(ascii: "$"))
            case UInt8(ascii: "{"):
                skip()
                if !text.isEmpty { parts.append(.text(text)) }
                text = []
                parts.append(try parseVariable(from: place))
            default:
                throw FormError("has \"$\" at \(place), expected \"${NAME}\", or \"$$\" for a dollar sign")
            }
        }
        if !text.isEmpty { parts.append(.text(text)) }
        return parts
    }

    /// Consumes a variable after its opening brace.
    private mutating func parseVariable(from start: Place) throws(FormError) -> TemplateText.Part {
        let namePlace = place
        let name = parseWord()
        guard let first = name.utf8.first, first.isLetter || first == UInt8(ascii: "_"),
            name.utf8.count <= Self.longestName
        else {
            throw FormError(
                "has no valid name at \(namePlace), expected at most \(Self.longestName) letters, digits, \"_\", \".\" "
                    + "and \"-\" that start with a letter or \"_\"")
        }
        var filters: [TemplateFilter] = []
        while next == UInt8(ascii: "|") {
            skip()
            let filterPlace = place
            let word = parseWord()
            guard let filter = TemplateFilter(rawValue: word) else {
                let known = TemplateFilter.allCases.map(\.rawValue).joined(separator: ", ")
                throw FormError(
                    "has the unknown filter \"\(word.onOneLine(atMost: 80))\" at \(filterPlace), expected one of \(known)"
                )
            }
            filters.append(filter)
        }
        guard next == UInt8(ascii: "}") else {
            throw FormError("has \"${\" at \(start), expected \"|\" or \"}\" after the name at \(place)")
        }
        skip()
        return .variable(name: name, filters: filters)
    }

    /// Consumes the characters that a name can have.
    private mutating func parseWord() -> String {
        let start = position
        while let byte = next, byte.isAlphanumeric || "_.-".utf8.contains(byte) { skip() }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }
}
