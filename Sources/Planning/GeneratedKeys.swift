package import Distribution
import Observability
package import Values

/// The generated keys of a target, compared with the Secret that stores them.
///
/// A value that the Secret has is kept, also if somebody edited it: only a missing value and another token cause a new
/// one.
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

    /// The size of all values in bytes, at most.
    var size: Int { groups.reduce(0) { $0 + $1.entries.reduce(0) { $0 + $1.value.maximumSize } } }

    package var keys: Set<String> { Set(groups.flatMap(\.keys)) }

    /// Whether the Secret lacks a value, and not only the token is another one.
    package var lacksValues: Bool {
        refusal != nil || missing.contains { group in group.keys.contains { records[$0]?.cause != .rotated } }
    }

    /// Decides which values are kept and which are missing.
    ///
    /// - Parameters:
    ///   - present: the data keys that the Secret has.
    ///   - known: the records of the Secret.
    ///   - isLost: the Secret existed before and does not exist any more.
    mutating func compare(
        with present: Set<String>, _ known: GeneratedRecords, isLost: Bool, at now: Timestamp
    ) {
        (kept, missing, refusal, records) = ([], [], nil, GeneratedRecords())
        for group in groups {
            let found = group.keys.filter(present.contains)
            let isRotated = found.contains { key in known[key].map { $0.rotate != group.rotate } ?? false }
            if found.isEmpty || isRotated {
                missing.append(group)
                let wasKnown = isLost || group.keys.contains { known[$0] != nil }
                let cause: GeneratedRecords.Cause = isRotated ? .rotated : wasKnown ? .lost : .new
                for entry in group.entries {
                    records[entry.key] = .init(entry.value, at: now.rfc3339, cause: cause)
                }
                continue
            }
            kept.formUnion(found)
            refusal = refusal ?? group.problem(found, known)
            for entry in group.entries where present.contains(entry.key) {
                records[entry.key] = known[entry.key] ?? .init(entry.value)
            }
        }
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

extension GeneratedGroup {
    /// Why the values that the Secret has cannot be those of this group; nil if they can.
    ///
    /// - Parameter found: the keys that the Secret has.
    fileprivate func problem(_ found: [String], _ known: GeneratedRecords) -> Refusal? {
        for entry in entries {
            guard let record = known[entry.key], found.contains(entry.key), !record.fits(entry.value) else { continue }
            return Refusal(
                .pairMismatch,
                "Key \(shown(entry.key)) of the Secret was generated as \(record.description), expected"
                    + " \(GeneratedRecords.Record(entry.value).description); set another \"rotate\" for a new value.")
        }
        guard let pair else { return nil }
        let remedy =
            found.contains { known[$0] == nil }
            ? "delete the others from the Secret" : "set another \"rotate\" for a new pair"
        guard found.count == entries.count else {
            let lacking = keys.filter { !found.contains($0) }
            let names = { (keys: [String]) in NameList(keys.map(shown), of: keys.count).description }
            return Refusal(
                .pairMismatch,
                "The Secret has \(names(found)) of the generated pair \(shown(pair)), but not \(names(lacking)), and parts"
                    + " of different pairs do not fit; restore what is missing, or \(remedy).")
        }
        guard Set(keys.map { known[$0]?.at }).count == 1 else {
            return Refusal(
                .pairMismatch,
                "The parts of the pair \(shown(pair)) in the Secret were generated at different times, so they do not fit;"
                    + " set another \"rotate\" for a new pair.")
        }
        return nil
    }
}
