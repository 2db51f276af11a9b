package import Kube
import LinuxIO
package import Observability

/// The current endpoint of a configuration. It reads files again when they change, and runs a plugin again when its
/// credentials have expired.
package final class Credentials: Sendable {
    private typealias Outcome = Result<Endpoint, TransportFailure>

    private struct Cache {
        var endpoint: Endpoint?
        var stamps: [String: FileStatus] = [:]
        var checkedAt: ContinuousClock.Instant?
        /// When the plugin's credentials expire; nil if they are used until the server rejects them.
        var expiry: Timestamp?
        /// The callers that wait for the current load; nil while nothing is being loaded.
        var waiting: [Int: CheckedContinuation<Outcome, Never>]?
        var lastWaiter = 0
    }

    private let configuration: ClusterConfiguration
    private let now: @Sendable () -> Timestamp
    private let cache = Mutex(Cache())

    /// - Parameter now: the wall clock, for expiry times.
    package init(_ configuration: ClusterConfiguration, now: @escaping @Sendable () -> Timestamp = Timestamp.now) {
        self.configuration = configuration
        self.now = now
    }

    /// The current endpoint. Checks the files at most once a second. Never blocks a thread of the cooperative pool.
    ///
    /// A cancelled caller stops waiting. The load continues for the next caller.
    package func endpoint() async throws(TransportFailure) -> Endpoint {
        let id = cache.withLock { cache in
            cache.lastWaiter += 1
            return cache.lastWaiter
        }
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { begin(id, $0) }
        } onCancel: {
            cache.withLock { $0.waiting?.removeValue(forKey: id) }?.resume(returning: .failure(.cancelled))
        }
        return try outcome.get()
    }

    /// Discards the credentials of `endpoint`, which the server has rejected (401). The next call of `endpoint()` loads
    /// them again.
    package func refuse(_ endpoint: Endpoint) {
        cache.withLock { cache in
            guard cache.endpoint?.token == endpoint.token else { return }
            cache.endpoint = nil
            cache.expiry = nil
            cache.stamps = [:]
            cache.checkedAt = nil
        }
    }

    private enum Step {
        case answer(Outcome)
        case load(EndpointLoader)
        case wait
    }

    private func begin(_ id: Int, _ continuation: CheckedContinuation<Outcome, Never>) {
        // Detects an earlier cancellation. A later one finds the continuation in `waiting`.
        let step = cache.withLock { cache in
            let step = Task.isCancelled ? .answer(.failure(.cancelled)) : next(&cache)
            if case .load = step { cache.waiting = [:] }
            if case .answer = step { return step }
            cache.waiting?[id] = continuation
            return step
        }
        switch step {
        case .answer(let outcome): continuation.resume(returning: outcome)
        // A separate task: the first caller may be cancelled while others wait.
        case .load(let loader):
            Task { finish(loader, await OwnedThread.value(name: "credentials") { loader.load() }) }
        case .wait: break
        }
    }

    private func isExpired(_ cache: Cache) -> Bool { cache.expiry.map { $0 <= now() } ?? false }

    private func next(_ cache: inout Cache) -> Step {
        let isExpired = isExpired(cache)
        if let endpoint = cache.endpoint, !isExpired, let checkedAt = cache.checkedAt,
            ContinuousClock.now - checkedAt < .seconds(1) || configuration.files.isEmpty
        {
            return .answer(.success(endpoint))
        }
        if cache.waiting != nil { return .wait }
        return .load(
            EndpointLoader(
                configuration: configuration, old: isExpired ? nil : cache.endpoint, stamps: cache.stamps))
    }

    private func finish(_ loader: EndpointLoader, _ result: Result<EndpointLoader.Loaded, TransportFailure>) {
        let (waiting, outcome) = cache.withLock { cache in
            var outcome: Outcome
            switch result {
            case .success(let loaded):
                cache.endpoint = loaded.endpoint
                cache.stamps = loaded.stamps
                if loaded.isNew { cache.expiry = loaded.expiry }
                cache.checkedAt = .now
                outcome = .success(loaded.endpoint)
            case .failure(let failure):
                outcome = .failure(failure)
                // Keeps the last valid endpoint until the server rejects it. The files are checked again in a second.
                if let endpoint = cache.endpoint {
                    cache.checkedAt = .now
                    if loader.old != nil { outcome = .success(endpoint) }
                }
            }
            defer { cache.waiting = nil }
            return (cache.waiting ?? [:], outcome)
        }
        for continuation in waiting.values { continuation.resume(returning: outcome) }
    }
}

extension ClusterConfiguration {
    /// The files that hold credentials.
    var files: [String] {
        var paths = [authority, certificate, key].compactMap { material in
            if case .file(let path) = material { path } else { nil }
        }
        if case .file(let path) = token { paths.append(path) }
        return paths
    }
}
