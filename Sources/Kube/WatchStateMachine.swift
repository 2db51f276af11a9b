package import Scheduling

/// Lists, then watches, and repeats: decides the next actions from the last outcome. No I/O and no clock; the
/// caller makes random numbers.
///
/// A list is authoritative. A resource version is only used to resume a watch or a list. After a restore of etcd,
/// versions go back: a watch from a version that is now in the future returns nothing and no error until the server
/// passes that version (kubernetes#107457). So a watch, or a list with more pages, is resumed only after its regular
/// end or after a single failure that is a broken connection or a 429. After any other failure, which a restart of the
/// server may cause, the objects are listed again. They are also listed again after a broken connection followed by a
/// 429: a restarting server sends 429 until its watch cache is filled.
///
/// Even a single broken connection may be the only trace of a restore. So before such a watch is resumed, the server's
/// current version is requested, once: when a server that was away answers, its version may have grown beyond the watch's.
///
/// After each step the caller performs the actions in order. Only the last one can be a request or a wait, and its
/// outcome is the input of the next step. If there is none, the current watch continues.
package struct WatchStateMachine<Item: KubeObject>: Sendable {
    package enum Input: Sendable {
        case start
        /// The response to `.list`.
        case page(ListPage<Item>)
        /// The response to `.version`: a resource version.
        case version(String)
        /// The watch received an event, `after` its start.
        case event(WatchEvent<Item>, after: Duration)
        /// The watch received an event that cannot be read, `after` its start.
        case unreadable(after: Duration)
        /// The watch ended without an error, `lasted` after its start.
        case ended(lasted: Duration)
        /// The list or the watch failed, `lasted` after its start.
        case failed(KubeError, lasted: Duration)
        /// The wait is over.
        case waited
    }

    package enum Action: Sendable {
        /// Request a page; the first one if the token is nil.
        case list(continue: String?)
        /// Request the server's current resource version.
        case version
        /// Request the changes since `resourceVersion`.
        case watch(resourceVersion: String, timeout: Duration)
        case wait(Duration)
        case emit(ListWatchEvent<Item>)
        case report(KubeError)

        /// Whether it is a request or a wait. The caller then ends the current watch.
        package var isRequest: Bool {
            switch self {
            case .list, .version, .watch, .wait: true
            case .emit, .report: false
            }
        }
    }

    /// The waits and limits.
    package struct Policy: Sendable {
        /// How long to wait after a failure.
        package var retry = Backoff(initial: .milliseconds(500), longest: .seconds(30))
        /// How long to wait after a 403: a role may be added later.
        package var forbidden: Duration = .seconds(30)
        /// Whether the server may not know the resource, or the role may not allow it, which is then not a fault: a 404 is
        /// treated like a 403.
        package var isOptional = false
        /// A watch that lasted at least this long was healthy: the next failure counts as the first one.
        package var healthy: Duration = .seconds(10)
        /// How long a watch lasts before an event that could not be read ends it for a new list. This limits the number
        /// of lists if such an object is written repeatedly.
        package var relistAfter: Duration = .seconds(30)
        /// The requested duration of a watch, random so that not all watchers reconnect at once. It is short because
        /// only the end of a watch proves that the connection works: a dead connection is detected 30 seconds later.
        package var watch: ClosedRange<Duration> = .seconds(100)...(.seconds(150))

        package init() {}

        /// For a resource that may not exist.
        ///
        /// - Parameter pause: how long to wait before the next try, at most.
        package static func optional(_ pause: Duration) -> Policy {
            var policy = Policy()
            (policy.isOptional, policy.forbidden) = (true, pause)
            return policy
        }

        /// Whether the error only shows that the resource cannot be used at present.
        package func isAbsence(_ error: KubeError) -> Bool {
            switch error.kind {
            case .forbidden: true
            case .notFound: isOptional
            default: false
            }
        }
    }

    private enum Phase {
        case listing(items: [Item], unreadable: [UnreadableItem], next: String?)
        case watching(resourceVersion: String)
        /// The watch was interrupted, and the server may have gone back to an older version.
        case resuming(resourceVersion: String)

        static var beginning: Self { .listing(items: [], unreadable: [], next: nil) }
    }

    private let resource: Resource
    private let policy: Policy
    /// Failures in a row.
    private var failures = 0
    private var phase = Phase.beginning
    /// Whether an event of the watch could not be read. Only a new list shows its content.
    private var hasMissedEvent = false
    /// The requested duration of the last watch.
    private var timeout = Duration.zero

    /// - Parameter resource: for errors.
    package init(_ resource: Resource, policy: Policy = Policy()) {
        self.resource = resource
        self.policy = policy
    }

    /// - Parameter random: a new random number from 0 to 1. It is only made if the step needs it, because that is a system
    ///   call.
    package mutating func step(_ input: Input, random: @autoclosure () -> Double) -> [Action] {
        switch input {
        case .start, .waited: [request(random)]
        case .page(let page): receive(page, random)
        case .version(let version): resume(at: version, random)
        case .event(let event, let lasted): receive(event, after: lasted, random) + relistAfter(after: lasted, random)
        case .unreadable(let lasted): miss(after: lasted, random)
        case .ended(let lasted): ended(after: lasted, random)
        case .failed(let error, let lasted): failed(error, after: lasted, random)
        }
    }
}

extension WatchStateMachine {
    private mutating func request(_ random: () -> Double) -> Action {
        switch phase {
        case .listing(_, _, let next): return .list(continue: next)
        case .watching(let resourceVersion):
            let (shortest, longest) = (policy.watch.lowerBound, policy.watch.upperBound)
            timeout = shortest + (longest - shortest) * random()
            return .watch(resourceVersion: resourceVersion, timeout: timeout)
        case .resuming: return .version
        }
    }

    /// Resumes an interrupted watch, unless the server's version is older than that of the watch.
    private mutating func resume(at current: String, _ random: () -> Double) -> [Action] {
        if case .resuming(let last) = phase, !last.isNewerVersion(than: current) {
            phase = .watching(resourceVersion: last)
        } else {
            startOver()
        }
        return [request(random)]
    }

    private mutating func receive(_ page: ListPage<Item>, _ random: () -> Double) -> [Action] {
        guard case .listing(var all, var unreadable, _) = phase else { return [request(random)] }
        // Makes the local arrays the only references, so that pages are appended in place and the list is not copied.
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
        hasMissedEvent = false
    }

    private mutating func miss(after lasted: Duration, _ random: () -> Double) -> [Action] {
        hasMissedEvent = true
        return relistAfter(after: lasted, random)
    }

    /// Lists the objects again if an event was missed and the watch has lasted long enough.
    private mutating func relistAfter(after lasted: Duration, _ random: () -> Double) -> [Action] {
        guard hasMissedEvent, lasted >= policy.relistAfter else { return [] }
        startOver()
        return [request(random)]
    }

    private mutating func receive(
        _ event: WatchEvent<Item>, after lasted: Duration, _ random: () -> Double
    ) -> [Action] {
        switch event {
        case .upsert(let item):
            advance(to: item.metadata.resourceVersion)
            return [.emit(.upsert(item))]
        case .delete(let item):
            // Its resource version is that of the deletion.
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

    private mutating func ended(after lasted: Duration, _ random: () -> Double) -> [Action] {
        // Ended early without an error: the API server ends watches like this when it lists etcd again.
        if lasted < timeout * 0.9 || hasMissedEvent {
            startOver()
        } else if lasted < timeout - .seconds(1) {
            interrupt()
        }
        guard lasted < policy.healthy else {
            failures = 0
            return [request(random)]
        }
        // A server or proxy that ends each watch at once must not cause a tight loop.
        return [.wait(nextDelay(random))]
    }

    private mutating func failed(_ error: KubeError, after lasted: Duration, _ random: () -> Double) -> [Action] {
        // Only for a watch: a list that fails slowly was not healthy.
        if case .watching = phase, lasted >= policy.healthy { failures = 0 }
        if policy.isAbsence(error) {
            // A role may allow lists but no watches. The agent then lists repeatedly.
            startOver()
            return [.report(error), .wait(policy.forbidden * (0.5 + random() / 2))]
        }
        let delay = nextDelay(random)
        if hasMissedEvent || isResuming || !mayResume(after: error) {
            startOver()
        } else if error.isBroken {
            interrupt()
        }
        // Normal after a long pause or in a long list: list again at once, but only once in a row.
        if case .expired = error.kind, failures == 1 { return [request(random)] }
        return [.report(error), .wait(max(error.retryAfter ?? .zero, delay))]
    }

    /// Whether the next request may resume after the last one, because the server was probably not restarted. Load
    /// balancers occasionally cut streams.
    private func mayResume(after error: KubeError) -> Bool {
        switch error.kind {
        case .tooManyRequests, .transport(.broken): failures == 1
        default: false
        }
    }

    /// Whether the version is being requested.
    private var isResuming: Bool { if case .resuming = phase { true } else { false } }

    private mutating func interrupt() {
        if case .watching(let resourceVersion) = phase { phase = .resuming(resourceVersion: resourceVersion) }
    }

    private mutating func nextDelay(_ random: () -> Double) -> Duration {
        failures += 1
        return policy.retry.delay(failures: failures, jitter: random())
    }
}

extension KubeError {
    fileprivate var isBroken: Bool { if case .transport(.broken) = kind { true } else { false } }
}
