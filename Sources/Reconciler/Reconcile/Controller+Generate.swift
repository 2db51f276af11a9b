import Certificates
import Distribution
import LinuxIO
import Observability
import Planning
import Stores
import Values

/// Generates the values that a target's Secret lacks.
extension Controller {
    /// Adds new values for the generated keys that the Secret lacks, just before it is written.
    ///
    /// - Returns: false if key pairs are generated first; the target is queued again when they exist.
    /// - Throws: `.changed` if the distribution or the mount changed meanwhile, `.unavailable` if libcrypto fails.
    func generate(
        _ desired: inout DesiredTarget, for distribution: SecretsDistribution
    ) async throws(StoreError) -> Bool {
        let key = desired.key
        var values: [String: SecretValue] = [:]
        var slow: [GeneratedGroup] = []
        for group in desired.generated.missing {
            if let known = keyPairs.values(of: group, for: key) {
                values.merge(known) { $1 }
            } else if group.entries.first?.value.kind == .rsa {
                slow.append(group)
            } else {
                values.merge(try Self.values(of: group).stored) { $1 }
            }
        }
        guard slow.isEmpty else {
            guard keyPairs.hasRoom(for: key) else {
                throw .unavailable(
                    "too many generated key pairs wait until their Secrets can be written", retryAfter: nil)
            }
            keyPairs.request(slow, for: key)
            keyGenerations.add([key])
            return false
        }
        desired.fill(values)
        return true
    }

    private static func values(of group: GeneratedGroup) -> Result<[String: SecretValue], KeyPair.Failure> {
        Result { () throws(KeyPair.Failure) in try ValueGenerator.generate(group) }
    }

    /// Generates the next key pair of a target, one at a time for all targets, on a thread of its own.
    func generateKeyPair(for key: ObjectKey) async {
        guard let group = keyPairs.next(for: key) else {
            if cache.index.hasContenders(for: key) { enqueue([key]) }
            return keyGenerations.finish(key, .done)
        }
        switch await OwnedThread.value(name: "keys", { Self.values(of: group) }) {
        case .success(let values):
            keyPairs.keep(values, of: group, for: key)
            if keyPairs.next(for: key) == nil { enqueue([key]) } else { keyGenerations.add([key]) }
            keyGenerations.finish(key, .done)
        case .failure(let error):
            logger.error(
                "key pair cannot be generated",
                ["secret": .string(key.description), "error": .string(error.description)])
            dependencies.reportFault("\(key): a key pair cannot be generated: \(error.description)")
            keyGenerations.finish(key, .retry())
        }
    }

    /// Compares the generated keys with those of the Secret, and with those that were saved if it was being replaced.
    func compareGenerated(
        _ desired: inout DesiredTarget, _ distribution: SecretsDistribution, over actual: ObservedTarget?
    ) async throws(StoreError) {
        desired.compareGenerated(with: actual, wasWritten: wasSynced(distribution), at: .now())
        guard !desired.generated.isEmpty else { return }
        if !targetRecords.checkedSaved.contains(desired.key) || desired.generated.lacksValues {
            let saved = try await secrets.savedValues(of: desired.key)
            targetRecords.checkedSaved.insert(desired.key)
            if let saved {
                if let actual, saved.values.keys.allSatisfy({ actual.digests[$0] != nil }) {
                    // The replacement succeeded.
                    await secrets.forgetSavedValues(of: actual)
                } else if desired.restore(saved, over: actual, at: .now()) {
                    logger.info("saved values restored", ["secret": .string(desired.key.description)])
                }
            }
        }
        if desired.generated.missing.isEmpty { keyPairs.forget(desired.key) }
    }

    /// Whether the target was in sync with this version of the distribution, so that a missing Secret was deleted.
    private func wasSynced(_ distribution: SecretsDistribution) -> Bool {
        if distribution.isCluster { return clusterTargets[distribution.claim]?.reason == .synced }
        let status = distribution.status
        return status.ready?.reason == Reason.synced.rawValue
            && (status.observedGeneration ?? 0) == distribution.generation
    }

    /// Reads the distribution before a write that would remove or replace generated values, of which there is no other
    /// copy. Another agent may have stored them for a version of the distribution that this one does not know yet.
    ///
    /// - Throws: `.changed` if the cached version is out of date.
    func confirmLoss(
        of desired: DesiredTarget, over actual: ObservedTarget?, _ distribution: SecretsDistribution
    ) async throws(StoreError) {
        guard let actual, desired.losesGenerated(of: actual) else { return }
        let current = try await readDistribution(distribution.key)
        guard current?.uid == distribution.uid, current?.spec == distribution.spec else {
            throw .changed("\(distribution.kind) \(distribution.key) changed meanwhile")
        }
    }

    /// Logs which values were generated and stored.
    func logGenerated(_ desired: DesiredTarget) {
        for group in desired.generated.missing {
            let cause = group.keys.first.flatMap { desired.generated.records[$0]?.cause } ?? .new
            let fields: Logger.Fields = [
                "secret": .string(desired.key.description), "names": .strings(group.keys),
                "cause": .string(cause.rawValue),
            ]
            if cause == .lost {
                logger.warning("lost values generated again", fields)
            } else {
                logger.info("values generated", fields)
            }
        }
        keyPairs.forget(desired.key)
    }

    /// Sentences for the status about the generated values of a target, by its annotation.
    func generatedSentences(_ target: ObservedTarget?) -> [String] {
        guard let target, target.annotations[WellKnownKeys.generated] != nil else { return [] }
        let records = target.generatedRecords.keys.filter { target.digests[$0.key] != nil && $0.value.at != nil }
        let sentences = records.sorted { $0.key < $1.key }.map { key, record in
            let lost = record.cause == .lost ? " again, because the Secret had lost it," : ""
            return "\(key) was generated\(lost) at \(record.at ?? "")"
        }
        guard !sentences.isEmpty else { return [] }
        return ["\(NameList(sentences, of: sentences.count, separator: "; "))."]
    }
}

extension Result<[String: SecretValue], KeyPair.Failure> {
    fileprivate var stored: [String: SecretValue] {
        get throws(StoreError) {
            switch self {
            case .success(let values): return values
            case .failure(let error): throw .unavailable("nothing can be generated: \(error)", retryAfter: nil)
            }
        }
    }
}

extension DesiredTarget {
    /// A sentence for the Event about values that were generated with this write; nil if there are none.
    var generatedDetail: String? {
        let phrases = generated.missing.flatMap { group in
            group.keys.map { key in
                switch generated.records[key]?.cause {
                case .lost?: "\(key), because the Secret had lost it"
                case .rotated?: "\(key), because rotate was changed"
                case .new?, nil: key
                }
            }
        }
        return phrases.isEmpty ? nil : "Generated: \(NameList(phrases, of: phrases.count, separator: "; "))."
    }

    /// The status of a target in sync.
    var summary: String {
        let noun = count == 1 ? "key" : "keys"
        let kept = generated.keys.count
        guard kept > 0 else { return "Secret \(key.name) holds \(count) \(noun) from the mount." }
        return "Secret \(key.name) holds \(count) \(noun), \(kept) of them generated."
    }
}
