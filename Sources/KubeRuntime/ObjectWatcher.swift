import JSON
package import Kube
import LinuxIO
package import Observability

/// Reports all objects of one kind and their changes: lists them, watches them, and lists them again if necessary.
package final class ObjectWatcher<Item: KubeObject>: Sendable {
    /// The objects to watch.
    package struct Scope: Sendable {
        package var resource: Resource
        /// Nil for all namespaces.
        package var namespace: String?
        package var labelSelector: String?
        /// The maximum number of objects in one page of a list.
        package var pageSize = 500

        package init(_ resource: Resource, namespace: String? = nil, labelSelector: String? = nil) {
            self.resource = resource
            self.namespace = namespace
            self.labelSelector = labelSelector
        }
    }

    private let transport: any KubeTransport
    private let scope: Scope
    private let policy: WatchStateMachine<Item>.Policy
    private let logger: Logger
    private let heartbeat: Heartbeat?
    private let meter: WatchMeter?
    private let written: WrittenVersions?
    private let error = Mutex<KubeError?>(nil)

    /// - Parameters:
    ///   - heartbeat: beats with each response, each chunk of the watch, which may be a bookmark (about one per minute),
    ///     and each retry, also while a retry waits. It stops while `emit` does not return, and for up to three minutes if
    ///     the server is silent.
    ///   - written: versions that the caller knows from the responses to its writes. They are not reported again.
    package init(
        _ transport: any KubeTransport, _ scope: Scope, policy: WatchStateMachine<Item>.Policy = .init(),
        logger: Logger, heartbeat: Heartbeat? = nil, meter: WatchMeter? = nil, written: WrittenVersions? = nil
    ) {
        self.transport = transport
        self.scope = scope
        self.policy = policy
        self.logger = logger
        self.heartbeat = heartbeat
        self.meter = meter
        self.written = written
    }

    /// The error because of which the watcher is not up to date; nil if it is.
    package var lastError: KubeError? { error.withLock { $0 } }

    /// Runs until the task is cancelled. The first event is `.replace`. Each call of `emit` is awaited before the next
    /// one.
    ///
    /// - Parameters:
    ///   - failed: called for every failed list or watch. The watcher retries.
    ///   - recovered: called each time a watch is opened, even if there was no failure: another watcher may have
    ///     failed.
    package func run(
        _ emit: @Sendable (ListWatchEvent<Item>) async -> Void,
        failed: @Sendable (KubeError) async -> Void = { _ in },
        recovered: @Sendable () async -> Void = {}
    ) async {
        meter?.begin(scope.resource)
        var machine = WatchStateMachine<Item>(scope.resource, policy: policy)
        var pager = ListPager<Item>(
            scope.resource, namespace: scope.namespace, labelSelector: scope.labelSelector, pageSize: scope.pageSize)
        var actions = machine.step(.start, random: .random(in: 0...1))
        while !Task.isCancelled {
            guard let request = actions.popLast() else { return }
            for action in actions {
                await perform(action, emit)
                if case .report(let error) = action { await failed(error) }
            }
            // Releases a long list, which would otherwise stay in memory during the following watch.
            actions = []
            actions = await outcome(of: request, &machine, &pager, emit, recovered)
            heartbeat?.beat()
        }
    }
}

extension ObjectWatcher {
    private typealias Machine = WatchStateMachine<Item>

    /// Performs an action without outcome.
    private func perform(_ action: Machine.Action, _ emit: @Sendable (ListWatchEvent<Item>) async -> Void) async {
        switch action {
        case .emit(let event):
            await emit(event)
            // Only now: a list that was read before a write replaces its response too, and then the event counts.
            if case .replace = event { written?.removeAll() }
        case .report(let error): report(error)
        case .list, .version, .watch, .wait: break
        }
    }

    /// Performs a request or a wait.
    ///
    /// - Returns: the next actions. The last one is again a request or a wait.
    private func outcome(
        of action: Machine.Action, _ machine: inout Machine, _ pager: inout ListPager<Item>,
        _ emit: @Sendable (ListWatchEvent<Item>) async -> Void, _ recovered: @Sendable () async -> Void
    ) async -> [Machine.Action] {
        let begin = ContinuousClock.now
        var input = Machine.Input.waited
        do throws(KubeError) {
            switch action {
            case .list(let token):
                input = .page(try await pager.page(token, over: transport) { heartbeat?.beat() })
            case .version:
                let request = Request.version(scope.resource, namespace: scope.namespace)
                let page = try await transport.send(request, decoding: ListPage<MetadataOnly>.self)
                input = .version(page.metadata.resourceVersion)
            case .watch(let resourceVersion, let timeout):
                let next = try await watch(from: resourceVersion, timeout, begin, &machine, emit, recovered)
                if let next { return next }
                input = .ended(lasted: .now - begin)
            case .wait(let delay): await wait(delay)
            case .emit, .report: break
            }
        } catch {
            input = .failed(error, lasted: .now - begin)
            if !isAbsence(error) { restart() }
        }
        return machine.step(input, random: .random(in: 0...1))
    }

    /// Waits, with heartbeats: the server may ask to wait for a minute. Cancellation ends the wait, and then the loop.
    private func wait(_ delay: Duration) async {
        let end = ContinuousClock.now + delay
        let step = heartbeat.map { $0.limit / 4 } ?? delay
        while .now < end, !Task.isCancelled {
            try? await Task.sleep(until: min(end, .now + step))
            heartbeat?.beat()
        }
    }

    /// Whether a resource that may not exist does not exist, or cannot be used.
    private func isAbsence(_ error: KubeError) -> Bool { policy.isOptional && policy.isAbsence(error) }

    /// Counts a list or a watch that ended with an error, unless the task was cancelled.
    private func restart() {
        if !Task.isCancelled { meter?.restart(scope.resource) }
    }

    /// Watches until the end of the stream, or until an event ends the watch.
    ///
    /// - Returns: the next actions if an event has ended the watch; nil if the server has.
    private func watch(
        from resourceVersion: String, _ timeout: Duration, _ begin: ContinuousClock.Instant,
        _ machine: inout Machine, _ emit: @Sendable (ListWatchEvent<Item>) async -> Void,
        _ recovered: @Sendable () async -> Void
    ) async throws(KubeError) -> [Machine.Action]? {
        let request = Request.watch(
            scope.resource, namespace: scope.namespace, labelSelector: scope.labelSelector,
            resourceVersion: resourceVersion, timeout: timeout)
        let stream = try await transport.stream(request)
        healthy()
        await recovered()
        var lines = LineSplitter()
        var hasMissedEvent = false
        while let chunk = try await stream.next() {
            heartbeat?.beat()
            for line in lines.feed(chunk) {
                let lasted = ContinuousClock.now - begin
                var input = Machine.Input.unreadable(after: lasted)
                switch decode(line) {
                case .success(let event): input = .event(event, after: lasted)
                case .failure(let reason):
                    if !hasMissedEvent { logUnreadable(line, reason, request.operation) }
                    hasMissedEvent = true
                }
                let actions = machine.step(input, random: .random(in: 0...1))
                if actions.last?.isRequest == true {
                    restart()
                    return actions
                }
                for action in actions { await perform(action, emit) }
                heartbeat?.beat()
            }
        }
        return nil
    }

    private func decode(_ line: LineSplitter.Line) -> Result<WatchEvent<Item>, JSONBytes.Failure> {
        switch line {
        case .whole(let line):
            Result { () throws(JSONBytes.Failure) in
                try WatchEvent<Item>(reading: JSONNode(json: line[...])) { uid, version in
                    written?.take(uid: uid, resourceVersion: version) ?? false
                }
            }
        case .tooLong:
            .failure(JSONBytes.Failure(description: "it is longer than \(Request.largestObject) bytes"))
        }
    }

    /// Logs the first event of a watch that cannot be read. Other events are still processed, and a later list includes
    /// the missed change.
    private func logUnreadable(_ line: LineSplitter.Line, _ reason: JSONBytes.Failure, _ operation: Operation) {
        logger.warning(
            "watch event cannot be read",
            [
                "operation": .string("\(operation)"), "resource": .string(scope.resource.plural),
                "object": .string(line.object ?? "unknown"), "error": .string(reason.description),
            ])
    }

    /// Clears the error after a watch was opened.
    private func healthy() {
        guard error.withLock({ $0.take() }) != nil else { return }
        logger.info("watch recovered", ["resource": .string(scope.resource.plural)])
    }

    /// Logs an error, unless it is the same as the previous one since the last working watch.
    private func report(_ error: KubeError) {
        guard error.kind != .transport(.cancelled), error.kind != .transport(.shutDown) else { return }
        let isNew = self.error.withLock { known in
            defer { known = error }
            return known != error
        }
        guard isNew else { return }
        let fields: Logger.Fields = [
            "operation": .string("\(error.operation)"), "resource": .string(scope.resource.plural),
            "error": .string("\(error)"),
        ]
        if isAbsence(error) {
            logger.debug("resource is not available", fields)
        } else {
            logger.warning("watch failed", fields)
        }
    }
}

extension LineSplitter.Line {
    /// The object of an event, as `<namespace>/<name>`; nil if its name cannot be read.
    fileprivate var object: String? {
        guard case .whole(let line) = self, let event = try? JSONNode(json: line[...]),
            let metadata = event["object"]?["metadata"].flatMap(ObjectMeta.init(identifying:))
        else { return nil }
        return [metadata.namespace, metadata.name].compactMap { $0 }.joined(separator: "/")
    }
}
