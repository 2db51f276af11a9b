package import Snapshots

/// What is removed from content before it becomes a value.
package enum Trimming: String, Sendable, CaseIterable {
    case none = "None"
    /// One LF or CR LF at the end.
    case newline = "Newline"
    /// White space of ASCII at both ends.
    case whiteSpace = "WhiteSpace"

    package func trim(_ content: UnsafeRawBufferPointer) -> SecretBytes { SecretBytes(trimmed(content)) }

    func trimmed<Content: BidirectionalCollection<UInt8>>(_ content: Content) -> Content.SubSequence {
        var rest = content[...]
        switch self {
        case .none: break
        case .newline:
            guard rest.last == UInt8(ascii: "\n") else { break }
            rest = rest.dropLast()
            if rest.last == UInt8(ascii: "\r") { rest = rest.dropLast() }
        case .whiteSpace:
            rest = rest.drop(while: \.isWhiteSpace)
            let end = rest.lastIndex { !$0.isWhiteSpace }.map { rest.index(after: $0) } ?? rest.startIndex
            rest = rest[..<end]
        }
        return rest
    }
}
