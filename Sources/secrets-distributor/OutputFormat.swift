import Glibc
import JSON
import Observability

/// The format of a command's result.
enum OutputFormat: String, CaseIterable {
    /// Columns for people.
    case table
    /// One JSON object on one line, for scripts.
    case json
    /// A flowchart, of `explain` only.
    case mermaid

    func print(_ value: JSONValue, _ lines: (_ styled: Bool) -> [String]) {
        switch self {
        case .table, .mermaid: for line in lines(Terminal.takesColours(STDOUT_FILENO)) { Swift.print(line) }
        case .json: Swift.print(JSONText.visible(String(decoding: value.encoded(), as: UTF8.self)))
        }
    }
}
