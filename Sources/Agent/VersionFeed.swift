import Observability
import Planning
import Reconciler
import Stores

/// Reads the versions of the vault's objects for each generation of the mount, and reports them to the controller.
///
/// The driver reports a version just after it has written the files. Until the versions change, they are therefore read
/// again, with growing pauses.
struct VersionFeed: Sendable {
    let versions: PodVersions
    let controller: Controller
    let logger: Logger

    private static let pauses: [Duration] = [.zero, .seconds(1), .seconds(2), .seconds(5), .seconds(15), .seconds(40)]

    /// Runs until `mounts` ends or the task is cancelled.
    func run(_ mounts: AsyncStream<MountListing>) async {
        var reading: Task<VaultVersions?, Never>?
        for await mount in mounts {
            reading?.cancel()
            let former = reading
            reading = Task { await read(mount, after: await former?.value) }
        }
        reading?.cancel()
        _ = await reading?.value
    }

    /// - Parameter last: the versions that were known before.
    /// - Returns: the versions that are known now.
    private func read(_ mount: MountListing, after last: VaultVersions?) async -> VaultVersions? {
        var known = last
        for pause in Self.pauses {
            try? await Task.sleep(for: pause)
            guard !Task.isCancelled else { return known }
            do throws(StoreError) {
                guard let new = try await versions.read(for: mount) else { return nil }
                await controller.handle(.versions(new))
                known = new
                if !new.changes(since: last).isEmpty { return new }
            } catch {
                logger.debug("versions cannot be read", ["error": .string(error.description)])
                switch error {
                // Nobody has to grant the right, and the driver may not be installed.
                case .forbidden, .changed, .rejected: return known
                default: break
                }
            }
        }
        return known
    }
}
