import FoundationEssentials
import Observability
import Testing

/// Compares the messages of the sources with those of the reference.
@Suite("The reference of the log")
struct LogReferenceTests {
    @Test("names every message of the program, and no other")
    func messages() throws {
        let named = try rows("when").reduce(into: Set<String>()) { $0.formUnion(quoted($1[0])) }
        let logged = try Set(calls().flatMap(\.messages))
        #expect(logged.count > 40)
        #expect(logged.subtracting(named).sorted() == [], "not in docs/logs.md")
        #expect(named.subtracting(logged).sorted() == [], "not in the sources")
    }

    @Test("names the level of each message")
    func levels() throws {
        let levels = Dictionary(
            try rows("when").flatMap { row in quoted(row[0]).map { ($0, row[1]) } }, uniquingKeysWith: { $1 })
        for call in try calls() {
            guard let level = call.level else { continue }
            for message in call.messages { #expect(levels[message] == level, "\(message)") }
        }
    }

    @Test("explains every field, and no other")
    func fields() throws {
        let explained = try rows("holds").reduce(into: Set<String>()) { $0.formUnion(quoted($1[0])) }
        let logged = try Set(calls().flatMap(\.fields))
        #expect(logged.subtracting(explained).sorted() == [], "not in docs/logs.md")
        #expect(explained.subtracting(logged).sorted() == [], "not in the sources")
    }

    // MARK: docs/logs.md

    /// The cells of each row of the tables whose last column has this title.
    private func rows(_ title: String) throws -> [[String]] {
        var rows: [[String]] = []
        var isWanted = false
        for line in String(decoding: try World.text("docs/logs.md"), as: UTF8.self).split(separator: "\n") {
            guard line.hasPrefix("|") else { continue }
            let cells = line.split(separator: "|", omittingEmptySubsequences: false).dropFirst().dropLast()
                .map { $0.split(separator: " ").joined(separator: " ") }
            if cells.allSatisfy({ $0 == "---" }) { continue }
            if ["message", "field"].contains(cells.first) {
                isWanted = cells.last == title
            } else if isWanted {
                rows.append(cells)
            }
        }
        return rows
    }

    /// The texts between backquotes.
    private func quoted(_ cell: String) -> [String] {
        cell.split(separator: "`", omittingEmptySubsequences: false).enumerated()
            .filter { $0.offset % 2 == 1 }.map { String($0.element) }
    }

    // MARK: Sources

    private struct Call: Sendable {
        /// Nil: the level of the function that passes the message on.
        var level: String?
        var messages: [String]
        var fields: [String]
    }

    /// Each call of a function with a constant message, `logger.info("…", ["key": …])`, and the sets of fields that
    /// several calls share.
    private func calls() throws -> [Call] {
        try Self.all.get()
    }

    private static let all = Result { try sources().flatMap(calls) }

    /// - Parameter sources: the sources of one target.
    private static func calls(in sources: [String]) -> [Call] {
        let levels: Set<String> = ["debug", "info", "warning", "error"]
        let declaration = #/func (\w+)\(\s*(?:_[^()]*, )?_ message: StaticString/#
        let takers = Set(sources.flatMap { $0.matches(of: declaration).map { String($0.1) } }).subtracting(levels)
        var calls: [Call] = []
        for text in sources {
            let isDeclaredHere = text.contains(declaration)
            for match in text.matches(of: #/(logger\.)?(\w+)\(/#) {
                let function = String(match.2)
                guard takers.contains(function) || levels.contains(function) && (match.1 != nil || isDeclaredHere)
                else { continue }
                let arguments = enclosed("(", ")", text[match.range.upperBound...])
                guard !arguments.hasPrefix("_ ") else { continue }
                let parts = arguments.split(separator: "[", maxSplits: 1, omittingEmptySubsequences: false)
                let messages = parts[0].matches(of: /"([^"\\]+)"/).map { String($0.1) }
                calls.append(
                    Call(
                        level: levels.contains(function) ? function : nil, messages: messages,
                        fields: parts.count > 1 ? keys(parts[1]) : []))
            }
            // The message is chosen before the call.
            for match in text.matches(of: #/: StaticString =\s*switch [^{]*\{/#) {
                let cases = enclosed("{", "}", text[match.range.upperBound...])
                calls.append(
                    Call(level: nil, messages: cases.matches(of: /"([^"\\]+)"/).map { String($0.1) }, fields: []))
            }
            for match in text.matches(of: /Logger\.Fields [={] \[/) {
                let fields = enclosed("[", "]", text[match.range.upperBound...])
                calls.append(Call(level: nil, messages: [], fields: keys(fields)))
            }
        }
        return calls
    }

    private static func keys(_ text: Substring) -> [String] { text.matches(of: #/"(\w+)": /#).map { String($0.1) } }

    /// The text up to the closing bracket.
    private static func enclosed(_ open: Character, _ close: Character, _ text: Substring) -> Substring {
        var depth = 1
        return text.prefix { character in
            if character == open { depth += 1 }
            if character == close { depth -= 1 }
            return depth > 0
        }
    }

    /// The files of each target, without comments.
    private static func sources() throws -> [[String]] {
        let root = World.path("Sources")
        let files = try FileManager.default.subpathsOfDirectory(atPath: root).filter { $0.hasSuffix(".swift") }
        let targets = Dictionary(grouping: files) { $0.prefix { $0 != "/" } }
        return try targets.values.map { files in
            try files.map { file in
                let text = String(decoding: try World.text("Sources/\(file)"), as: UTF8.self)
                return text.split(separator: "\n").filter { !$0.drop { $0 == " " }.hasPrefix("//") }
                    .joined(separator: "\n")
            }
        }
    }
}
