package import Distribution
import Observability
package import Values

/// The generated keys of a target, compared with the Secret that stores them.
///
/// A value that the Secret has is kept for ever, also if somebody edited it: only a missing value and another token cause
/// a new one.
package struct GeneratedKeys: Sendable {
    package let groups: [GeneratedGroup]
    /// Keys whose values stay as they are in the Secret.
    package private(set) var kept: Set<String> = []
    /// Groups that need new values.
    package private(set) var missing: [GeneratedGroup] = []
    /// Why the Secret must not be changed; nil if it may be.
    package private(set) var refusal: Refusal?
    package private(set) var records = GeneratedRecords()

    /// Until it is compared with the Secret, every group is missing.
    init(_ spec: DistributionSpec) {
        groups = spec.generatedGroups
        missing = groups
    }

    package var isEmpty: Bool { groups.isEmpty }
    package var keys: Set<String> { Set(groups.flatMap(\.keys)) }

    /// Decides which values are kept and which are missing.
    ///
    /// - Parameters:
    ///   - target: nil if there is no Secret.
    ///   - wasWritten: the Secret existed before, so a missing one was deleted.
    mutating func compare(with target: ObservedTarget?, wasWritten: Bool, at now: Timestamp) {
        (kept, missing, refusal, records) = ([], [], nil, GeneratedRecords())
        let known = target?.generatedRecords ?? GeneratedRecords()
        for group in groups {
            let present = group.keys.filter { target?.digests[$0] != nil }
            let isRotated = present.contains { key in known[key].map { $0.rotate != group.rotate } ?? false }
            if present.isEmpty || isRotated {
                missing.append(group)
                let wasKnown = target == nil ? wasWritten : group.keys.contains { known[$0] != nil }
                let cause: GeneratedRecords.Cause = isRotated ? .rotated : wasKnown ? .lost : .new
                for key in group.keys {
                    records[key] = .init(rotate: group.rotate, at: now.rfc3339, cause: cause)
                }
            } else if present.count == group.keys.count {
                kept.formUnion(present)
                for key in present { records[key] = known[key] ?? .init(rotate: group.rotate) }
            } else {
                refusal = refusal ?? .halfPair(group, present: present)
                kept.formUnion(present)
            }
        }
    }

    /// The values that were saved when the Secret was replaced count as those of the Secret.
    ///
    /// - Returns: the saved values that are used.
    mutating func restore(_ saved: SavedValues, _ key: ObjectKey, at now: Timestamp) -> [String: SecretValue] {
        let target = ObservedTarget(
            key: key, uid: "", resourceVersion: "", type: "", digests: saved.values.mapValues(\.digest),
            annotations: [WellKnownKeys.generated: saved.records])
        compare(with: target, wasWritten: true, at: now)
        let used = saved.values.filter { kept.contains($0.key) }
        kept = []
        return used
    }
}

/// The generated values of a Secret that was deleted to be replaced.
package struct SavedValues: Sendable {
    /// By data key.
    package let values: [String: SecretValue]
    /// The annotation `WellKnownKeys.generated` of that Secret.
    package let records: String

    package init(values: [String: SecretValue], records: String) {
        (self.values, self.records) = (values, records)
    }
}

extension Refusal {
    fileprivate static func halfPair(_ group: GeneratedGroup, present: [String]) -> Refusal {
        let missing = group.keys.filter { !present.contains($0) }
        let names = { (keys: [String]) in NameList(keys.map(shown), of: keys.count).description }
        return Refusal(
            .pairMismatch,
            "The Secret has \(names(present)) of the generated pair \(shown(group.pair ?? "")), but not"
                + " \(names(missing)), and parts of different pairs do not fit; restore it, or set another \"rotate\" for"
                + " a new pair.")
    }
}
