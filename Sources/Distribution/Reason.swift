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

    /// Whether only an edit can help: of the resource, of the access policy, or of an object that is in the way.
    package var needsEdit: Bool {
        switch self {
        case .invalidSpec, .typeRefused, .notManaged, .targetConflict, .policyDenied: true
        case .synced, .sourceNotFound, .sourceUnreadable, .targetTooLarge, .pairMismatch, .typeChangeRefused,
            .writeFailed:
            false
        }
    }
}

/// Why a target is not written: the reason and one sentence for the status.
package struct Refusal: Error, Sendable, Equatable, CustomStringConvertible {
    package let reason: Reason
    package let message: String

    /// - Parameter message: is shortened with `bounded`.
    package init(_ reason: Reason, _ message: String) {
        self.reason = reason
        self.message = Self.bounded(message)
    }

    package var description: String { message }

    /// A sentence about a distribution, on one line and with at most 4,000 displayed characters. A longer one ends with
    /// "…". The status, Events, logs, the status page and commands all show this text.
    package static func bounded(_ message: String) -> String { message.onOneLine(atMost: 4000) }
}

extension Refusal {
    /// Why a distribution does not get its target, although it describes it.
    package static func conflict(of loser: SecretsDistribution, with winner: SecretsDistribution) -> Refusal {
        if let output = loser.output {
            return Refusal(
                .targetConflict,
                "Output \(output.name) belongs to \(winner.kind) \(winner.key), which is older, and paths in OUTPUT_PATH"
                    + " have no namespace; expected \(output.name == loser.spec.name ? "a spec.name of its own" : "one distribution alone")."
            )
        }
        let why = loser.isCluster && !winner.isCluster ? "which belongs to the namespace" : "which is older"
        return Refusal(
            .targetConflict,
            "Secret \(loser.spec.name ?? "") belongs to \(winner.kind) \(winner.key.name), \(why); expected a"
                + " \(loser.isCluster ? "spec.template.name" : "spec.name") of its own.")
    }
}

/// A list of names in a sentence: the first ones, and the number of the others.
package struct NameList: CustomStringConvertible {
    package let description: String

    /// Characters of the list that fit into a sentence together with the rest of it.
    private static let room = 3000

    /// - Parameters:
    ///   - items: the names as they are shown. The first one is always shown. The sequence may have fewer than `count`.
    ///   - count: the total number of names.
    ///   - most: the maximum number of names that are shown.
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
