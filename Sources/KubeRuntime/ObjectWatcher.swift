import JSON
package import Kube
import LinuxIO
package import Observability

/// Keeps its user informed about all objects of one kind: lists them, watches them, and starts over when it must.
package final class ObjectWatcher<Item: KubeObject>: Sendable {
    /// What to watch.
    package struct Scope: Sendable {
        package var resource: Resource
        /// nil for all namespaces.
        package var namespace: String?
        package var labelSelector: String?
        /// Objects in one page of a list.
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
    private let error = Mutex<KubeError?>(nil)

    /// - Parameter heartbeat: beats with an answer, a chunk of the watch, a bookmark (about one a minute), a retry, and
    ///   while a retry waits. It falls silent when `emit` does not return, and for three minutes when a server is.
    package init(
        _ transport: any KubeTransport, _ scope: Scope, policy: WatchStateMachine<Item>.Policy = .init(),
        logger: Logger, heartbeat: Heartbeat? = nil, meter: WatchMeter? = nil
    ) {
        self.transport = transport
        self.scope = scope
        self.policy = policy
        self.logger = logger
        self.heartbeat = heartbeat
        self.meter = meter
    }

    /// The error that keeps the watcher from being up to date; nil while all is well.
    package var lastError: KubeError? { error.withLock { $0 } }

    /// Until the task is cancelled. The first event is `.replace`; `emit` is awaited before the next one.
    ///
    /// - Parameters:
    ///   - failed: hears of every failed list or watch; the watcher goes on trying.
    ///   - recovered: is called each time that a watch is opened: the failure before it may have been another watcher's.
    package func run(
        _ emit: @Sendable (FeedEvent<Item>) async -> Void,
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
            // A list of thousands is not kept while the watch that follows it goes on.
            actions = []
            actions = await outcome(of: request, &machine, &pager, emit, recovered)
            heartbeat?.beat()
        }
    }
}

extension ObjectWatcher {
    private typealias Machine = WatchStateMachine<Item>

    /// An action that has no outcome.
    private func perform(_ action: Machine.Action, _ emit: @Sendable (FeedEvent<Item>) async -> Void) async {
        switch action {
        case .emit(let event): await emit(event)
        case .report(let error): report(error)
        case .list, .watch, .wait: break
        }
    }

    /// Performs a request or a wait.
    ///
    /// - Returns: what to do then; the last action is again a request or a wait.
    private func outcome(
        of action: Machine.Action, _ machine: inout Machine, _ pager: inout ListPager<Item>,
        _ emit: @Sendable (FeedEvent<Item>) async -> Void, _ recovered: @Sendable () async -> Void
    ) async -> [Machine.Action] {
        let begin = ContinuousClock.now
        var input = Machine.Input.waited
        do throws(KubeError) {
            switch action {
            case .list(let token):
                input = .page(try await pager.page(token, over: transport) { heartbeat?.beat() })
            case .watch(let resourceVersion, let timeout):
                let next = try await watch(from: resourceVersion, timeout, begin, &machine, emit, recovered)
                if let next { return next }
                input = .ended(lasted: .now - begin)
            case .wait(let delay): await wait(delay)
            case .emit, .report: break
            }
        } catch {
            input = .failed(error, lasted: .now - begin)
            restart()
        }
        return machine.step(input, random: .random(in: 0...1))
    }

    /// Beats meanwhile: the server may have asked to wait for hours. Cancellation ends the wait, and then the loop.
    private func wait(_ delay: Duration) async {
        let end = ContinuousClock.now + delay
        let step = heartbeat.map { $0.limit / 4 } ?? delay
        while .now < end, !Task.isCancelled {
            try? await Task.sleep(until: min(end, .now + step))
            heartbeat?.beat()
        }
    }

    /// A list or a watch has ended by an error, if it was not we who ended it.
    private func restart() {
        if !Task.isCancelled { meter?.restart(scope.resource) }
    }

    /// - Returns: what to do then, if an event has ended the watch; nil if the server has.
    private func watch(
        from resourceVersion: String, _ timeout: Duration, _ begin: ContinuousClock.Instant,
        _ machine: inout Machine, _ emit: @Sendable (FeedEvent<Item>) async -> Void,
        _ recovered: @Sendable () async -> Void
    ) async throws(KubeError) -> [Machine.Action]? {
        let request = Request.watch(
            scope.resource, namespace: scope.namespace, labelSelector: scope.labelSelector,
            resourceVersion: resourceVersion, timeout: timeout)
        let stream = try await transport.stream(request)
        healthy()
        await recovered()
        var lines = LineSplitter()
        var hasMissed = false
        while let chunk = try await stream.next() {
            heartbeat?.beat()
            for line in lines.feed(chunk) {
                let lasted = ContinuousClock.now - begin
                var input = Machine.Input.unreadable(after: lasted)
                switch decode(line) {
                case .success(let event): input = .event(event, after: lasted)
                case .failure(let reason):
                    if !hasMissed { miss(line, reason, request.operation) }
                    hasMissed = true
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
            Result { () throws(JSONBytes.Failure) in try JSONBytes.decode(WatchEvent<Item>.self, from: line) }
        case .tooLong:
            .failure(JSONBytes.Failure(description: "it is longer than \(Request.largestObject) bytes"))
        }
    }

    /// The others' events go on; a list will show what this one said. The first one of a watch is logged.
    private func miss(_ line: LineSplitter.Line, _ reason: JSONBytes.Failure, _ operation: Operation) {
        logger.warning(
            "watch event cannot be read",
            [
                "operation": .string("\(operation)"), "resource": .string(scope.resource.plural),
                "object": .string(line.object ?? "unknown"), "error": .string(reason.description),
            ])
    }

    /// A watch works.
    private func healthy() {
        guard error.withLock({ $0.take() }) != nil else { return }
        logger.info("watch recovered", ["resource": .string(scope.resource.plural)])
    }

    /// One line for each distinct error until the watch works again.
    private func report(_ error: KubeError) {
        guard error.kind != .transport(.cancelled), error.kind != .transport(.shutDown) else { return }
        let isNew = self.error.withLock { known in
            defer { known = error }
            return known != error
        }
        guard isNew else { return }
        logger.warning(
            "watch failed",
            [
                "operation": .string("\(error.operation)"), "resource": .string(scope.resource.plural),
                "error": .string("\(error)"),
            ])
    }
}

extension LineSplitter.Line {
    /// Which object an event is about, as `<namespace>/<name>`; nil if that cannot be told either.
    fileprivate var object: String? {
        guard case .whole(let line) = self, let event = try? JSONNode(json: line[...]),
            let metadata = event["object"]?["metadata"].flatMap(ObjectMeta.init(identifying:))
        else { return nil }
        return [metadata.namespace, metadata.name].compactMap { $0 }.joined(separator: "/")
    }
}
