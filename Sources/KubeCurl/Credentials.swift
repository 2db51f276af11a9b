import Kube
import LinuxIO
import Observability

/// The endpoint of a configuration, kept up to date: files are read again when they change, a plugin is run again when
/// what it gave has expired.
final class Credentials: Sendable {
    private struct Cache {
        var endpoint: Endpoint?
        var stamps: [String: FileContent.Stamp] = [:]
        var checkedAt: ContinuousClock.Instant?
        /// Of what the plugin gave; nil: good until refused.
        var expiry: Timestamp?
        /// Others who wait while one of us loads; nil while none does.
        var waiting: [CheckedContinuation<Void, Never>]?
    }

    private let configuration: ClusterConfiguration
    private let now: @Sendable () -> Timestamp
    private let cache = Mutex(Cache())

    /// - Parameter now: the wall clock, for expiry times.
    init(_ configuration: ClusterConfiguration, now: @escaping @Sendable () -> Timestamp = Timestamp.now) {
        self.configuration = configuration
        self.now = now
    }

    /// The endpoint as of now. Looks at the files at most once a second; never blocks a thread of the cooperative pool.
    func endpoint() async throws(TransportFailure) -> Endpoint {
        while true {
            let (step, endpoint) = cache.withLock { next(&$0) }
            switch (step, endpoint) {
            case (.use, let endpoint?): return endpoint
            case (.wait, _): await waitForLoad()
            default: return try await load()
            }
        }
    }

    /// The server has refused this endpoint (401): the next one is made anew.
    func refuse(_ endpoint: Endpoint) {
        cache.withLock { cache in
            guard cache.endpoint?.token == endpoint.token else { return }
            cache.endpoint = nil
            cache.expiry = nil
            cache.stamps = [:]
            cache.checkedAt = nil
        }
    }

    private enum Step {
        case use, load, wait
    }

    private func next(_ cache: inout Cache) -> (Step, Endpoint?) {
        let isExpired = cache.expiry.map { $0 <= now() } ?? false
        if let endpoint = cache.endpoint, !isExpired, let checkedAt = cache.checkedAt,
            ContinuousClock.now - checkedAt < .seconds(1) || configuration.files.isEmpty
        {
            return (.use, endpoint)
        }
        if cache.waiting != nil { return (.wait, nil) }
        cache.waiting = []
        return (.load, nil)
    }

    private func waitForLoad() async {
        await withCheckedContinuation { continuation in
            let isOver = cache.withLock { cache in
                cache.waiting?.append(continuation)
                return cache.waiting == nil
            }
            if isOver { continuation.resume() }
        }
    }

    private func load() async throws(TransportFailure) -> Endpoint {
        let (old, stamps, expiry) = cache.withLock { ($0.endpoint, $0.stamps, $0.expiry) }
        let isExpired = expiry.map { $0 <= now() } ?? false
        let loader = EndpointLoader(configuration: configuration, old: isExpired ? nil : old, stamps: stamps)
        let result = await OwnedThread.value(name: "credentials") { loader.load() }
        let (waiting, kept) = cache.withLock { cache in
            switch result {
            case .success(let loaded):
                cache.endpoint = loaded.endpoint
                cache.stamps = loaded.stamps
                cache.expiry = loaded.isNew ? loaded.expiry : expiry
                cache.checkedAt = .now
            // What was good is used until the server refuses it; the files are looked at again in a second.
            case .failure: if cache.endpoint != nil { cache.checkedAt = .now }
            }
            defer { cache.waiting = nil }
            return (cache.waiting ?? [], isExpired ? nil : cache.endpoint)
        }
        for continuation in waiting { continuation.resume() }
        if case .failure = result, let kept { return kept }
        return try result.get().endpoint
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
