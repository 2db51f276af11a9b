import Agent
import Distribution
import JSON
import Observability
import Planning

/// The result of a pass for people, for scripts, and as an exit status.
struct PassReport {
    let result: SyncResult
    /// Whether the pass was a `plan`, which writes nothing.
    let isPlan: Bool
    let took: Duration

    private var heldBack: [(key: ObjectKey, value: DistributionStatus)] {
        result.outcomes.filter { $0.value.reason != .synced }.sorted { $0.key < $1.key }
    }

    var isInSync: Bool { heldBack.isEmpty && result.faults.isEmpty }

    /// The exit status. For `plan`, 2 if anything would be written. For both commands, 1 if something is held back or
    /// could not be checked.
    var status: Int32 {
        if isPlan, !result.changes.isEmpty { return 2 }
        return isInSync ? 0 : 1
    }

    func lines(styled: Bool) -> [String] {
        var lines: [String] = []
        for table in [changes, holds] where !table.isEmpty { lines += table.lines(styled: styled) + [""] }
        var sentences = result.faults
        if let absence = result.absence { sentences.append("The mount cannot be read: \(absence)") }
        if !sentences.isEmpty { lines += sentences.map(\.onOneLine) + [""] }
        return lines + [summary]
    }

    private var changes: Table {
        var table = Table("CHANGE", "SECRET", "KEYS", "METADATA", "DISTRIBUTION")
        for change in result.changes {
            table.add(
                .init(change.kind.rawValue, change.kind.style), .init(change.secret.description), .init(change.keys),
                .init(change.metadata), .init(change.distribution?.description ?? ""))
        }
        return table
    }

    private var holds: Table {
        var table = Table("HELD BACK", "REASON", "MESSAGE")
        for (key, status) in heldBack {
            table.add(.init(key.description), .init(status.reason.rawValue, .red), .init(status.message))
        }
        return table
    }

    private var summary: String {
        let good = result.outcomes.count - heldBack.count
        let removed = result.changes.count { $0.kind == .remove }
        let written = result.changes.count - removed
        let secrets = written == 1 ? "Secret" : "Secrets"
        return "\(good) of \(result.outcomes.count) distributions "
            + (isPlan
                ? "would be in sync; \(written) \(secrets) would be written, \(removed) removed"
                : "are in sync; \(written) \(secrets) written, \(removed) removed, in \(took.seconds) s")
    }

    var json: JSONValue {
        let heldBack = heldBack
        return [
            "changes": .array(result.changes.map { JSONValue($0) }),
            "heldBack": .array(
                heldBack.map { key, status in
                    [
                        "namespace": .string(key.namespace), "distribution": .string(key.name),
                        "reason": .string(status.reason.rawValue), "message": .string(status.message),
                    ]
                }),
            "faults": .array(result.faults.map { .string($0) }),
            "mountAbsence": result.absence.map { .string($0) } ?? .null,
            "distributions": .int(result.outcomes.count), "inSync": .int(result.outcomes.count - heldBack.count),
            "seconds": .double(took / .seconds(1)),
        ]
    }
}

extension Change {
    /// `+added,~changed,-removed`, with `=generate` after a key whose value is generated. Keys cannot contain commas.
    fileprivate var keys: String {
        let name = { (key: String) in generated.contains(key) ? "\(key)=generate" : key }
        return (added.map { "+\(name($0))" } + changed.map { "~\(name($0))" } + removed.map { "-\($0)" })
            .joined(separator: ",")
    }

    /// The changed metadata. Empty for a new Secret, for which it is obvious.
    fileprivate var metadata: String {
        guard kind == .update || kind == .replace || kind == .release else { return "" }
        var parts = labels.map { "label:\($0)" } + annotations.map { "annotation:\($0)" }
        if let type { parts.append("type:\(type)") }
        if changesOwner { parts.append("ownerReference") }
        return parts.joined(separator: ",")
    }
}

extension Change.Kind {
    fileprivate var style: Terminal.Style {
        switch self {
        case .create: .green
        case .update, .release: .yellow
        case .replace, .remove: .red
        }
    }
}

extension JSONValue {
    fileprivate init(_ change: Change) {
        let list = { (keys: [String]) in JSONValue.array(keys.map { .string($0) }) }
        self = [
            "change": .string(change.kind.rawValue), "namespace": .string(change.secret.namespace),
            "secret": .string(change.secret.name),
            "distribution": change.distribution.map { .string($0.name) } ?? .null,
            "keys": [
                "added": list(change.added), "changed": list(change.changed), "removed": list(change.removed),
                "generated": list(change.generated),
            ],
            "labels": list(change.labels), "annotations": list(change.annotations),
            "type": change.type.map { .string($0) } ?? .null, "ownerReference": .bool(change.changesOwner),
        ]
    }
}
