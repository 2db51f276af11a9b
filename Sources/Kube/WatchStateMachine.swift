package import Scheduling

/// List, then watch, for ever: decides what to do next from what happened last. No I/O, no clock, no random source.
///
/// A list is the truth; a resource version is only good for going on from where a watch was. After a restore of etcd the
/// versions go back, and a watch from a version of the lost future brings nothing, without an error, until the server's
/// own version passes it (kubernetes#107457). So a watch, or a list that has more pages, is resumed only after its regular
/// end, or after a single failure: a cut of its connection, or a 429. After everything else, which a server that was away
/// may cause, the objects are listed again; after a cut and then a 429 too, which a server sends that starts again and has
/// not filled its watch cache yet.
///
/// After each step the caller performs the actions in order. At most the last one is a request or a wait, and its outcome
/// is the next step's input; if there is none, the watch goes on.
package struct WatchStateMachine<Item: KubeObject>: Sendable {
    package enum Input: Sendable {
        case start
        /// The answer to `.list`.
        case page(ListPage<Item>)
        /// The watch brought an event, `after` its beginning.
        case event(WatchEvent<Item>, after: Duration)
        /// The watch brought an event that cannot be read, `after` its beginning.
        case unreadable(after: Duration)
        /// The watch ended as it should, `lasted` after it was opened.
        case ended(lasted: Duration)
        /// The list or the watch failed, `lasted` after it was begun.
        case failed(KubeError, lasted: Duration)
        /// The wait is over.
        case waited
    }

    package enum Action: Sendable {
        /// Ask for a page; the first one if there is no token.
        case list(continue: String?)
        /// Ask for the changes since then.
        case watch(resourceVersion: String, timeout: Duration)
        case wait(Duration)
        case emit(FeedEvent<Item>)
        case report(KubeError)

        /// Whether it has an outcome. A watch that is under way is to be let go of then.
        package var isRequest: Bool {
            switch self {
            case .list, .watch, .wait: true
            case .emit, .report: false
            }
        }
    }

    /// The waits and limits.
    package struct Policy: Sendable {
        /// Wait after a failure.
        package var retry = Backoff(initial: .milliseconds(500), longest: .seconds(30))
        /// Wait after a 403: a role may be added later.
        package var forbidden: Duration = .seconds(30)
        /// A watch that lasted so long was healthy: what fails next is a new fault.
        package var healthy: Duration = .seconds(10)
        /// A watch lasts so long before it is given up for a list because of an event that could not be read: whoever
        /// writes such an object again and again causes no more lists than that.
        package var catchUp: Duration = .seconds(30)
        /// How long a watch is asked to last, spread so that not all watchers come back at once. Short, for its end is
        /// the only sure sign of life: a connection that died in silence is noticed half a minute later.
        package var watch: ClosedRange<Duration> = .seconds(100)...(.seconds(150))

        package init() {}
    }

    private enum Phase {
        case listing(items: [Item], unreadable: [UnreadableItem], next: String?)
        case watching(resourceVersion: String)

        static var beginning: Self { .listing(items: [], unreadable: [], next: nil) }
    }

    private let resource: Resource
    private let policy: Policy
    /// Failures in a row.
    private var failures = 0
    private var phase = Phase.beginning
    /// An event of the watch could not be read: only a list shows what it said.
    private var hasMissed = false
    /// How long the last watch was asked to last.
    private var timeout = Duration.zero

    /// - Parameter resource: for errors.
    package init(_ resource: Resource, policy: Policy = Policy()) {
        self.resource = resource
        self.policy = policy
    }

    /// - Parameter random: from 0 to 1, new each time.
    package mutating func step(_ input: Input, random: Double) -> [Action] {
        switch input {
        case .start, .waited: [request(random)]
        case .page(let page): receive(page, random)
        case .event(let event, let lasted): receive(event, after: lasted, random) + catchUp(after: lasted, random)
        case .unreadable(let lasted): miss(after: lasted, random)
        case .ended(let lasted): ended(after: lasted, random)
        case .failed(let error, let lasted): failed(error, after: lasted, random)
        }
    }
}

extension WatchStateMachine {
    private mutating func request(_ random: Double) -> Action {
        switch phase {
        case .listing(_, _, let next): return .list(continue: next)
        case .watching(let resourceVersion):
            let (shortest, longest) = (policy.watch.lowerBound, policy.watch.upperBound)
            timeout = shortest + (longest - shortest) * random
            return .watch(resourceVersion: resourceVersion, timeout: timeout)
        }
    }

    private mutating func receive(_ page: ListPage<Item>, _ random: Double) -> [Action] {
        guard case .listing(var all, var unreadable, _) = phase else { return [request(random)] }
        // The only holder from here on: pages are appended in place, and a long list is not copied with each.
        phase = .watching(resourceVersion: page.metadata.resourceVersion)
        all += page.items
        unreadable += page.unreadable
        if let next = page.nextPage {
            phase = .listing(items: all, unreadable: unreadable, next: next)
            return [request(random)]
        }
        return [.emit(.replace(all, unreadable: unreadable)), request(random)]
    }

    private mutating func startOver() {
        phase = .beginning
        hasMissed = false
    }

    private mutating func miss(after lasted: Duration, _ random: Double) -> [Action] {
        hasMissed = true
        return catchUp(after: lasted, random)
    }

    /// Lists what was missed, if it is time.
    private mutating func catchUp(after lasted: Duration, _ random: Double) -> [Action] {
        guard hasMissed, lasted >= policy.catchUp else { return [] }
        startOver()
        return [request(random)]
    }

    private mutating func receive(_ event: WatchEvent<Item>, after lasted: Duration, _ random: Double) -> [Action] {
        switch event {
        case .upsert(let item):
            advance(to: item.metadata.resourceVersion)
            return [.emit(.upsert(item))]
        case .delete(let item):
            // Its resource version is the one of the deletion.
            advance(to: item.metadata.resourceVersion)
            return [.emit(.delete(item))]
        case .bookmark(let resourceVersion):
            advance(to: resourceVersion)
            return []
        case .error(let status):
            let error = KubeError(Operation(.watch, resource: resource.plural), status: status)
            return failed(error, after: lasted, random)
        case .unknown: return []
        }
    }

    private mutating func advance(to resourceVersion: String?) {
        if let resourceVersion, !resourceVersion.isEmpty { phase = .watching(resourceVersion: resourceVersion) }
    }

    private mutating func ended(after lasted: Duration, _ random: Double) -> [Action] {
        // Ended before its time without an error: so the API server ends watches when it lists etcd again itself.
        if lasted < timeout * 0.9 || hasMissed { startOver() }
        guard lasted < policy.healthy else {
            failures = 0
            return [request(random)]
        }
        // A server or proxy that ends each watch at once must not be asked in a tight loop.
        return [.wait(nextDelay(random))]
    }

    private mutating func failed(_ error: KubeError, after lasted: Duration, _ random: Double) -> [Action] {
        // A list that is slow to fail was not healthy.
        if case .watching = phase, lasted >= policy.healthy { failures = 0 }
        if case .forbidden = error.kind {
            // A role may allow lists and no watches: then lists have to do.
            startOver()
            return [.report(error), .wait(policy.forbidden * (0.5 + random / 2))]
        }
        let delay = nextDelay(random)
        if hasMissed || !mayResume(after: error) { startOver() }
        // Normal after a silence or in a long list: listed again at once, but not over and over.
        if case .expired = error.kind, failures == 1 { return [request(random)] }
        return [.report(error), .wait(max(error.retryAfter ?? .zero, delay))]
    }

    /// Whether the next request may go on where the last one was: the server was not away. Load balancers cut streams now and
    /// then.
    private func mayResume(after error: KubeError) -> Bool {
        switch error.kind {
        case .tooManyRequests, .transport(.broken): failures == 1
        default: false
        }
    }

    private mutating func nextDelay(_ random: Double) -> Duration {
        failures += 1
        return policy.retry.delay(failures: failures, jitter: random)
    }
}
