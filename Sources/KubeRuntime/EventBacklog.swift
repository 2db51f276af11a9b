import Kube

/// A queue of Events to write that takes one of each namespace in turn. If the limit is exceeded, it drops the oldest
/// Event of the namespace with the most Events, so that a flood in one namespace does not affect others.
struct EventBacklog: Sendable {
    private let limit: Int
    private var waiting: [String: [Event]] = [:]
    /// The namespaces that have Events, the next one first.
    private var turns: [String] = []
    private var count = 0

    init(limit: Int) { self.limit = limit }

    mutating func add(_ event: Event) {
        let namespace = event.namespace
        if waiting[namespace] == nil { turns.append(namespace) }
        waiting[namespace, default: []].append(event)
        count += 1
        guard count > limit, let most = waiting.max(by: { $0.value.count < $1.value.count })?.key else { return }
        _ = removeFirst(of: most)
        if waiting[most] == nil { turns.removeAll { $0 == most } }
    }

    mutating func next() -> Event? {
        guard !turns.isEmpty else { return nil }
        let namespace = turns.removeFirst()
        let event = removeFirst(of: namespace)
        if waiting[namespace] != nil { turns.append(namespace) }
        return event
    }

    private mutating func removeFirst(of namespace: String) -> Event? {
        guard let event = waiting[namespace]?.removeFirst() else { return nil }
        count -= 1
        if waiting[namespace]?.isEmpty == true { waiting[namespace] = nil }
        return event
    }
}
