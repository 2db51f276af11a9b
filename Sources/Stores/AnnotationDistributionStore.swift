package import Distribution
import Kees
import LinuxIO
package import MountWatch
package import Observability
package import Planning
import Snapshots

/// One distribution from the annotations of the pod, in a file of a downward API volume. The folder of the file is
/// watched like the mount.
///
/// If the file is missing or cannot be read, its last content stays in force. The status is kept only in memory.
package final class AnnotationDistributionStore: DistributionStore {
    private let folder: String
    private let file: String
    private let domain: String
    private let managedBy: String
    private let output: OutputSettings
    private let timing: WatchLoop.Timing
    private let logger: Logger
    private let state = Mutex(State())

    private struct State {
        var current: SecretsDistribution?
        /// Why the file cannot be used; nil if it can.
        var fault: String?
        /// The problems that were last logged, so that they are not logged at each reading.
        var complaints: [String] = []
    }

    /// - Parameters:
    ///   - path: the file.
    ///   - domain: the domain of the annotations.
    ///   - managedBy: this instance, which the distribution is assigned to.
    ///   - output: where the target is written.
    package init(
        path: String, domain: String, managedBy: String, output: OutputSettings = OutputSettings(),
        timing: WatchLoop.Timing, logger: Logger
    ) {
        let slash = path.utf8.lastIndex(of: UInt8(ascii: "/"))
        folder = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        file = slash.map { String(path[path.utf8.index(after: $0)...]) } ?? path
        self.domain = domain
        self.managedBy = managedBy
        self.output = output
        self.timing = timing
        self.logger = logger
    }

    /// - Throws: `.unavailable` if the file cannot be used and never could.
    package func list(_ scope: Scope) async throws(StoreError) -> [SecretsDistribution] {
        guard scope.contains(AnnotationDistribution.key.namespace) else { return [] }
        switch MountWatcher.read(path: folder) {
        case .snapshot(let snapshot): return [try distribution(in: snapshot)]
        case .absent(let reason), .lost(let reason):
            throw .unavailable("cannot read the annotations: \(reason)", retryAfter: nil)
        }
    }

    package func watch(_ scope: Scope, _ observer: WatchHandler<SecretsDistribution>) async {
        guard scope.contains(AnnotationDistribution.key.namespace) else {
            await observer.event(.replace([]))
            return await observer.idle()
        }
        await observer.follow(folder, timing: timing, logger: logger) { snapshot in
            do throws(StoreError) {
                await observer.event(.replace([try distribution(in: snapshot)]))
                await observer.recovered()
            } catch {
                await observer.failed(error)
            }
        }
    }

    package func listNamespaces() async throws(StoreError) -> [Namespace] { [] }

    package func namespace(_ name: String) async throws(StoreError) -> Namespace? { nil }

    package func watchNamespaces(_ observer: WatchHandler<Namespace>) async {
        await observer.event(.replace([]))
        await observer.idle()
    }

    package func current(_ key: ObjectKey) async throws(StoreError) -> SecretsDistribution? {
        let (current, fault) = state.withLock { ($0.current, $0.fault) }
        if current == nil, let fault { throw .unavailable(fault, retryAfter: nil) }
        return current?.key == key ? current : nil
    }

    package func faults() async -> [String] { state.withLock { $0.fault.map { [$0] } ?? [] } }

    package func write(
        _ status: StoredStatus, to distribution: SecretsDistribution, on definition: DefinitionTraits
    ) async throws(StoreError) -> (SecretsDistribution, DefinitionTraits) {
        var stored = distribution
        stored.status = status
        state.withLock { $0.current?.status = status }
        return (stored, definition)
    }

    /// - Throws: `.unavailable` if the file cannot be used and never could.
    private func distribution(in snapshot: Snapshot) throws(StoreError) -> SecretsDistribution {
        let (read, unserved) = read(snapshot.file(exactly: file))
        let result = state.withLock { state -> Result<SecretsDistribution, StoreError> in
            var complaints = unserved
            switch read {
            case .success(var distribution):
                distribution.status = state.current?.status ?? StoredStatus()
                state.current = distribution
                state.fault = nil
            case .failure(let fault):
                state.fault = "\(folder == "/" ? "" : folder)/\(file) \(fault.message)"
                complaints.append(fault.message)
            }
            if state.complaints != complaints {
                state.complaints = complaints
                for complaint in complaints {
                    logger.error("annotations have a problem", ["file": .string(file), "problem": .string(complaint)])
                }
            }
            if let current = state.current { return .success(current) }
            return .failure(.unavailable(state.fault ?? "the annotations were not read", retryAfter: nil))
        }
        return try result.get()
    }

    private struct Fault: Error {
        /// The rest of a sentence after the file's name.
        let message: String
    }

    /// - Returns: the distribution or why there is none, and the annotations that are not served.
    private func read(_ content: SourceFile?) -> (Result<SecretsDistribution, Fault>, [String]) {
        switch content {
        case nil: return (.failure(Fault(message: "does not exist, expected the annotations of the pod")), [])
        case .failed(let error): return (.failure(Fault(message: error.description)), [])
        case .content(let bytes, _):
            do {
                let annotations = KeesAnnotations(
                    try DownwardAnnotations.parse(bytes.withUnsafeBytes { Array($0) }), domain: domain)
                let unserved = annotations.unserved.map(\.description)
                if let distribution = AnnotationDistribution.make(annotations, managedBy: managedBy) {
                    let isManifest = output.hasNamespaces
                    return (
                        .success(isManifest ? distribution : distribution.withoutNamespace(target: output.onlyTarget)),
                        unserved
                    )
                }
                let message = "has no annotation secret.\(domain)/NAME; is ANNOTATION_DOMAIN right?"
                return (.failure(Fault(message: message)), unserved)
            } catch {
                return (.failure(Fault(message: "\(error)")), [])
            }
        }
    }
}
