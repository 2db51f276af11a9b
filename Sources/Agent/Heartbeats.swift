import Distribution
import Observability

/// The heartbeats of one agent's parts, each with the silence after which it is dead or stuck.
struct Heartbeats: Sendable {
    let mount: Heartbeat
    /// Nil: no access policy.
    let policy: Heartbeat?
    let distributions: [Scope: Heartbeat]
    let targets: [Scope: Heartbeat]

    /// A watch ends after about two minutes, after three if the connection is dead, and is begun anew; while the API
    /// server is away it waits between tries for less.
    private static let ofWatches: Duration = .seconds(600)
    /// Of one file, and of going through the folder without reading any.
    private static let ofReading: Duration = .seconds(120)

    init(_ settings: Settings) {
        let ofFolders = settings.pollInterval * 3 + Self.ofReading
        mount = Heartbeat("mount", limit: ofFolders)
        policy = settings.policyPath.map { _ in Heartbeat("access policy", limit: ofFolders) }
        // In local mode they are folders.
        let ofFeeds = max(ofFolders, Self.ofWatches)
        let beats = { (name: String) in
            Dictionary(
                uniqueKeysWithValues: settings.scopes.map { scope in
                    (scope, Heartbeat("watch of \(name) in \(scope)", limit: ofFeeds))
                })
        }
        distributions = beats("distributions")
        targets = beats("Secrets")
    }

    /// All of them, and those of parts that bring their own.
    func all(_ others: Heartbeat?...) -> [Heartbeat] {
        [mount, policy].compactMap { $0 }
            + [distributions, targets].flatMap { beats in
                beats.values.sorted { $0.name < $1.name }
            } + others.compactMap { $0 }
    }
}
