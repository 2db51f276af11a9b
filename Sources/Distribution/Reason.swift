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

    package init(_ reason: Reason, _ message: String) {
        self.reason = reason
        self.message = message
    }

    package var description: String { message }
}
