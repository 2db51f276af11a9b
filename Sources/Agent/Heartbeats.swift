import Distribution
import Observability

/// The heartbeats of an agent's parts. Each has the time without a beat after which its part counts as dead or stuck.
struct Heartbeats: Sendable {
    let mount: Heartbeat
    /// Nil: no access policy.
    let policy: Heartbeat?
    let distributions: [Scope: Heartbeat]
    let targets: [Scope: Heartbeat]
    /// Nil if the agent watches only some namespaces.
    let namespaces: Heartbeat?

    /// A watch ends after about two minutes, or after three if the connection is dead, and is then restarted. While the
    /// API server is unavailable, the time between retries is shorter than this limit.
    private static let ofWatches: Duration = .seconds(600)
    /// The time to read one file, or to list the folder without reading files.
    private static let ofReading: Duration = .seconds(120)

    init(_ settings: Settings) {
        let ofFolders = settings.pollInterval * 3 + Self.ofReading
        mount = Heartbeat("mount", limit: ofFolders)
        policy = settings.policyPath.map { _ in Heartbeat("access policy", limit: ofFolders) }
        // In local mode, distributions and targets are folders too.
        let ofFeeds = max(ofFolders, Self.ofWatches)
        let beats = { (name: String, scopes: [Scope]) in
            Dictionary(
                uniqueKeysWithValues: scopes.map { scope in
                    (scope, Heartbeat("watch of \(name) in \(scope)", limit: ofFeeds))
                })
        }
        distributions = beats("distributions", settings.scopes)
        targets = beats("Secrets", settings.namespaceScopes)
        namespaces = settings.watchNamespaces == nil ? Heartbeat("watch of namespaces", limit: ofFeeds) : nil
    }

    /// All heartbeats, including `others`, which belong to parts that create their own.
    func all(_ others: Heartbeat?...) -> [Heartbeat] {
        [mount, policy, namespaces].compactMap { $0 }
            + [distributions, targets].flatMap { beats in
                beats.values.sorted { $0.name < $1.name }
            } + others.compactMap { $0 }
    }
}
