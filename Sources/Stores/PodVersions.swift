import Distribution
package import Kube
import Observability
package import Planning
import ProviderClasses
package import Snapshots

/// The names of a snapshot's files, without their content.
package struct MountListing: Sendable {
    let generation: String
    /// The folders of the volumes; "" is the mount itself.
    let folders: [String]
    let files: Set<String>

    package init(_ snapshot: Snapshot) {
        generation = snapshot.generation
        folders = snapshot.volumes.keys.sorted()
        files = Set(snapshot.files.keys)
    }
}

/// Reads which versions of the vault's objects are in this pod's mount.
///
/// The driver names objects by the ids of their provider. Which files they are is in the `SecretProviderClass`. Without
/// the right to read it, only objects whose id is or ends with the name of a file are known.
package struct PodVersions: Sendable {
    private let client: any KubeTransport
    private let namespace: String
    private let podUID: String

    package init(client: any KubeTransport, namespace: String, podUID: String) {
        (self.client, self.namespace, self.podUID) = (client, namespace, podUID)
    }

    /// - Returns: nil if the pod has no volume of the driver.
    /// - Throws: `.forbidden` or `.changed` if the agent may not read them or the driver is not installed.
    package func read(for mount: MountListing) async throws(StoreError) -> VaultVersions? {
        let list: (items: [PodVolume], unreadable: [UnreadableItem]) =
            try await client.listAll(.providerClassPodStatuses, .namespace(namespace))
        let volumes = list.items.filter { $0.belongs(toPod: podUID) }
        guard !volumes.isEmpty else { return nil }
        var files: [String: VaultVersions.Version] = [:]
        for volume in volumes {
            let objects = try await objects(of: volume)
            files.merge(volume.files(objects, in: mount)) { first, _ in first }
        }
        return VaultVersions(files: files, generation: mount.generation)
    }

    /// The objects of the volume's class; nil if it cannot be read.
    private func objects(of volume: PodVolume) async throws(StoreError) -> [VaultObject]? {
        do {
            let response = try await client.send(
                .get(.providerClasses, namespace: namespace, name: volume.className))
            let parsed = ClassManifests.parse(response.body, file: volume.className)
            return parsed.classes.first?.objects
        } catch {
            switch error.kind {
            case .forbidden, .notFound: return nil
            default: throw StoreError(error)
            }
        }
    }
}

extension PodVolume {
    /// The versions by file of the mount.
    ///
    /// - Parameter known: the objects of the class; nil if they are not known.
    func files(_ known: [VaultObject]?, in mount: MountListing) -> [String: VaultVersions.Version] {
        var candidates: [String: VaultVersions.Version] = [:]
        for object in objects {
            let names: [String]
            if let known {
                var files = known.flatMap { known in
                    known.reportedIDs.filter { $0.id == object.object }.map { (file: $0.file, version: known.version) }
                }
                // Several objects of the class can have one id; the driver keeps the version of only one of them.
                if Set(files.map(\.version)).count > 1 { files = files.filter { $0.version == object.version } }
                names = files.map(\.file)
            } else {
                names = [object.object, object.object.split(separator: "/").last.map(String.init) ?? ""]
            }
            for name in names { candidates[name] = candidates[name] ?? object }
        }
        guard let folder = mount.folder(with: Array(candidates.keys)) else { return [:] }
        let found = candidates.map { name, version in (folder.isEmpty ? name : "\(folder)/\(name)", version) }
        return Dictionary(found) { first, _ in first }.filter { mount.files.contains($0.key) }
    }
}

extension MountListing {
    /// The folder of the volume that has most of the files; nil if none has any, or if several have as many.
    fileprivate func folder(with names: [String]) -> String? {
        let counts = folders.map { folder in
            (folder, names.count { files.contains(folder.isEmpty ? $0 : "\(folder)/\($0)") })
        }
        guard let most = counts.map(\.1).max(), most > 0 else { return nil }
        let best = counts.filter { $0.1 == most }
        return best.count == 1 ? best.first?.0 : nil
    }
}
