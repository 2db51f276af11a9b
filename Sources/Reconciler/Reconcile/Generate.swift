import Certificates
import Distribution
import LinuxIO
import Observability
import Planning
import Stores
import Values

/// Generates the values that a target's Secret lacks.
extension Controller {
    /// The desired target with new values for the generated keys that the Secret lacks.
    ///
    /// Nothing is generated for a target that is not written: in a dry run, and if the Secret is held back or not ours.
    ///
    /// - Throws: `.changed` if the state changed while values were generated. They are then forgotten, and the Secret is
    ///   read again: another agent may have stored its own.
    func generating(
        _ desired: DesiredTarget, _ distribution: SecretsDistribution, over actual: ObservedTarget?
    ) async throws(StoreError) -> DesiredTarget {
        var desired = desired
        desired.compareGenerated(with: actual, wasWritten: wasWritten(distribution), at: .now())
        guard desired.isIncomplete, !settings.dryRun, isToWrite(desired, distribution, over: actual) else {
            return desired
        }
        let before = cache.mount.snapshot?.generation
        if actual == nil, let saved = try await secrets.savedValues(of: desired.key) {
            desired.restore(saved, at: .now())
            logger.info("saved values restored", ["secret": .string(desired.key.description)])
        }
        var values: [String: SecretValue] = [:]
        for group in desired.generated.missing {
            values.merge(try await generate(group)) { $1 }
        }
        desired.fill(values)
        guard hasVerdict(on: distribution), denial(of: distribution) == nil,
            let current = cache.index.current(distribution), current.spec == distribution.spec,
            cache.mount.snapshot?.generation == before
        else { throw .changed("The state changed while values were generated") }
        logGenerated(desired)
        return desired
    }

    /// Whether the target was in sync with this version of the distribution, so that a missing Secret was deleted.
    private func wasWritten(_ distribution: SecretsDistribution) -> Bool {
        if distribution.isCluster { return targetBook[distribution.claim]?.reason == .synced }
        let status = distribution.status
        return status.mountGeneration != nil && (status.observedGeneration ?? 0) == distribution.generation
    }

    private func isToWrite(
        _ desired: DesiredTarget, _ distribution: SecretsDistribution, over actual: ObservedTarget?
    ) -> Bool {
        let review = TargetReview(of: desired, by: distribution.spec, over: actual, pairs: &pairs, now: .now())
        return Plan(desired: desired, observed: actual, managedBy: settings.managedBy, held: review.refusal).isWrite
            && pause(before: desired, actual) == nil
    }

    /// New values for a group. An RSA key takes too long for the threads that serve all targets.
    private func generate(_ group: GeneratedGroup) async throws(StoreError) -> [String: SecretValue] {
        let isSlow = group.entries.first?.value.kind == .rsa
        let body: @Sendable () -> Result<[String: SecretValue], KeyPair.Failure> = {
            Result { () throws(KeyPair.Failure) in try ValueGenerator.generate(group) }
        }
        let result = isSlow ? await OwnedThread.value(name: "keys", body) : body()
        do throws(KeyPair.Failure) {
            return try result.get()
        } catch {
            throw .unavailable("Nothing can be generated: \(error)", retryAfter: nil)
        }
    }

    private func logGenerated(_ desired: DesiredTarget) {
        for group in desired.generated.missing {
            let cause = group.keys.first.flatMap { desired.generated.records[$0]?.cause } ?? .new
            let fields: Logger.Fields = [
                "secret": .string(desired.key.description), "keys": .strings(group.keys),
                "cause": .string(cause.rawValue),
            ]
            if cause == .lost {
                logger.warning("lost values generated again", fields)
            } else {
                logger.info("values generated", fields)
            }
        }
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

extension DesiredTarget {
    /// A sentence for the Event about values that were generated with this write; nil if there are none.
    var generatedNews: String? {
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
