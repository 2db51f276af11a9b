package import Distribution
import JSON
import Kube
package import Planning

/// Keeps generated values safe while their Secret is replaced.
///
/// They are stored only in the Secret, and a Secret cannot be replaced in one request. So they are first saved in a second
/// Secret, which is deleted when the replacement exists. If the agent stops in between, the next reconciliation finds them
/// there.
extension KubernetesSecretStore {
    package func savedValues(of key: ObjectKey) async throws(StoreError) -> SavedValues? {
        guard let found = try await savedSecret(of: key) else { return nil }
        guard let values = found.values else {
            throw .rejected("Secret \(key.namespace)/\(SavedSecret.name(for: key)) has a value that is not base64")
        }
        _ = saved.withLock { $0.insert(key) }
        return SavedValues(values: values, records: found.records)
    }

    /// The Secret with the saved values; nil if there is none that this instance wrote for this target.
    private func savedSecret(of key: ObjectKey) async throws(StoreError) -> StoredValues? {
        do {
            let request = Request.get(.secrets, namespace: key.namespace, name: SavedSecret.name(for: key))
            let found = try await client.send(request, decoding: StoredValues.self)
            return found.savedFor == key.name && found.managedBy == managedBy ? found : nil
        } catch {
            if case .notFound = error.kind { return nil }
            throw StoreError(error, reading: ObjectKey(namespace: key.namespace, name: SavedSecret.name(for: key)))
        }
    }

    /// Saves the values of the Secret that its replacement keeps.
    ///
    /// - Throws: `.changed` if the Secret has changed since it was observed; `.cannotReplace` if they cannot be saved.
    func save(
        _ old: StoredValues, of target: ObservedTarget, for desired: DesiredTarget
    ) async throws(StoreError) {
        guard old.uid == target.uid, old.resourceVersion == target.resourceVersion else {
            throw .changed("Secret \(target.key) has changed")
        }
        let stored = old.data.filter { desired.storedKeys.contains($0.key) }
        guard stored.count == desired.storedKeys.count else { throw .changed("Secret \(target.key) has changed") }
        let values = stored.merging(desired.restored.mapValues(\.base64)) { $1 }
        let manifest = SavedSecret.manifest(for: desired, values: values)
        do {
            if let earlier = try await savedSecret(of: target.key) {
                // It may have the only copy of a value, so it is extended and not replaced.
                var patch = manifest
                for key in ["apiVersion", "kind", "type"] { patch = patch.merging([key: nil]) }
                patch = patch.merging([
                    "metadata": ["uid": .string(earlier.uid), "resourceVersion": .string(earlier.resourceVersion)]
                ])
                _ = try await client.send(
                    .mergePatch(
                        .secrets, namespace: target.key.namespace, name: SavedSecret.name(for: target.key), patch))
            } else {
                _ = try await client.send(.create(.secrets, namespace: target.key.namespace, manifest))
            }
        } catch let failure as KubeError {
            // The server knows the whole Secret, and a rejection may quote values that were not sent.
            let error = failure.redacted(by: Redactor(hiding: nil))
            guard !error.isRetryable, !error.isOutcomeUnknown else { throw StoreError(error) }
            throw .cannotReplace(
                "the Secret's type or immutable content can only be changed by replacing it, and its generated values"
                    + " cannot be saved first: \(error.description)")
        } catch let error as StoreError {
            throw error
        } catch {
            throw .unavailable("the generated values cannot be saved: \(error)", retryAfter: nil)
        }
        _ = saved.withLock { $0.insert(target.key) }
    }

    /// Deletes the saved values of a Secret that has a value for each of them again. If that fails, the log says which
    /// Secret is left.
    package func forgetSavedValues(of target: ObservedTarget) async {
        let key = target.key
        // A dry run deletes nothing.
        guard !watchesAll, saved.withLock({ $0.contains(key) }) else { return }
        do throws(StoreError) {
            if let found = try await savedSecret(of: key) {
                guard found.data.keys.allSatisfy({ target.digests[$0] != nil }) else { return }
                try await deleteSaved(found, of: key)
            }
            _ = saved.withLock { $0.remove(key) }
        } catch {
            logger.warning(
                "saved values cannot be deleted",
                [
                    "secret": .string("\(key.namespace)/\(SavedSecret.name(for: key))"),
                    "error": .string(error.description),
                ])
        }
    }

    private func deleteSaved(_ saved: StoredValues, of key: ObjectKey) async throws(StoreError) {
        do {
            try await client.delete(
                .secrets, namespace: key.namespace, name: SavedSecret.name(for: key), uid: saved.uid,
                resourceVersion: saved.resourceVersion)
        } catch {
            if case .notFound = error.kind { return }
            throw StoreError(error)
        }
    }
}
