/// The reasons of the `Ready` condition. Part of the contract.
package enum Reason: String, Sendable, CaseIterable {
    case synced = "Synced"
    case sourceNotFound = "SourceNotFound"
    case sourceUnreadable = "SourceUnreadable"
    case invalidSpec = "InvalidSpec"
    case typeRefused = "TypeRefused"
    case targetTooLarge = "TargetTooLarge"
    case notManaged = "NotManaged"
    case targetConflict = "TargetConflict"
    case policyDenied = "PolicyDenied"
    case pairMismatch = "PairMismatch"
    case typeChangeRefused = "TypeChangeRefused"
    case writeFailed = "WriteFailed"
}

/// Why a target is left as it is: the reason and one sentence for the status.
package struct Refusal: Error, Sendable, Equatable, CustomStringConvertible {
    package let reason: Reason
    package let message: String

    /// - Parameter message: as `bounded` leaves it.
    package init(_ reason: Reason, _ message: String) {
        self.reason = reason
        self.message = Self.bounded(message)
    }

    package var description: String { message }

    /// A sentence about a distribution, on one line and at most 4,000 characters long as it is shown; a longer one ends
    /// with "…". Status, Event, log, page and commands all show this.
    package static func bounded(_ message: String) -> String { message.onOneLine(atMost: 4000) }
}

/// Names in a sentence: the first ones, and how many more there are.
package struct Listing: CustomStringConvertible {
    package let description: String

    /// What fits into a sentence, with room for what else it says.
    private static let room = 3000

    /// - Parameters:
    ///   - items: as they are to be shown. The first one always is; not all need be there.
    ///   - count: how many there are.
    ///   - most: how many are shown.
    package init(_ items: some Sequence<String>, of count: Int, separator: String = ", ", most: Int = 10) {
        var text = ""
        var shown = 0
        for item in items {
            guard shown < most, shown == 0 || text.unicodeScalars.count + item.unicodeScalars.count <= Self.room else {
                break
            }
            text += shown == 0 ? item : separator + item
            shown += 1
        }
        let more = count > shown ? "\(separator == ", " ? " " : separator)and \(count - shown) more" : ""
        description = text + more
    }
}
