import Distribution
import Observability

/// The findings of one file.
struct Findings {
    private static let most = 1000

    let file: String
    private(set) var all: [Finding] = []
    private var others = 0

    init(file: String) { self.file = file }

    mutating func add(_ place: Place, _ message: String) { add(place.line, "\(place.field) \(message)") }

    mutating func add(_ line: Int, _ message: String) {
        insert(Finding(file: file, line: line, message: message.onOneLine(atMost: 1000)))
    }

    mutating func remark(_ line: Int, _ message: String) {
        insert(Finding(file: file, line: line, message: message.onOneLine(atMost: 1000), isRemark: true))
    }

    private mutating func insert(_ finding: Finding) {
        if all.count < Self.most { all.append(finding) } else { others += 1 }
    }

    /// In the order of the file.
    var sorted: [Finding] {
        let more = others > 0 ? [Finding(file: file, line: 0, message: "has \(others) more findings")] : []
        let numbered = all.enumerated().sorted { ($0.element.line, $0.offset) < ($1.element.line, $1.offset) }
        return numbered.map(\.element) + more
    }
}

/// The place of a value: its line, and its field as messages show it.
struct Place: Sendable, Equatable {
    var line: Int
    var field: String
}

/// A text and its place.
struct Located: Sendable, Equatable {
    var text: String
    var place: Place

    /// Without white space at both ends, as Go's `strings.TrimSpace` returns it.
    var trimmed: Located {
        var part = Substring(text)
        while part.first?.isWhitespace == true { part.removeFirst() }
        while part.last?.isWhitespace == true { part.removeLast() }
        return Located(text: String(part), place: place)
    }
}
