import Kube
import Scheduling
import Testing

private typealias Machine = WatchStateMachine<MetadataOnly>

/// One step of a transcript: the input and the expected actions.
struct Step: Sendable {
    fileprivate let input: Machine.Input
    let actions: String

    fileprivate init(_ input: Machine.Input, _ actions: String) {
        self.input = input
        self.actions = actions
    }
}

struct Script: Sendable, CustomTestStringConvertible {
    let name: String
    let steps: [Step]
    var testDescription: String { name }
}

struct WatchStateMachineTests {
    @Test(arguments: scripts + listsAgain)
    func `the state machine follows the transcript`(script: Script) {
        var policy = Machine.Policy()
        policy.retry = Backoff(initial: .seconds(1), longest: .seconds(8))
        var machine = Machine(.secrets, policy: policy)
        for (index, step) in script.steps.enumerated() {
            let actions = machine.step(step.input, random: 1).map(text).joined(separator: ", ")
            #expect(actions == step.actions, "step \(index)")
        }
    }

    @Test func `watches last about two minutes`() {
        for (random, seconds) in [(0.0, 100), (0.5, 125), (1.0, 150)] {
            var machine = Machine(.secrets)
            _ = machine.step(.start, random: random)
            guard case .watch(_, let timeout) = machine.step(.page(page("1")), random: random).last else {
                Issue.record("no watch")
                return
            }
            #expect(timeout == .seconds(seconds))
        }
    }

    @Test func `a random number is made only for a watch or a wait`() {
        var made = 0
        func number() -> Double {
            made += 1
            return 1
        }
        var machine = Machine(.secrets)
        _ = machine.step(.start, random: number())
        _ = machine.step(.page(page("1", next: "more")), random: number())
        #expect(made == 0)
        _ = machine.step(.page(page("1")), random: number())
        #expect(made == 1)
        _ = machine.step(.event(.bookmark(resourceVersion: "2"), after: .zero), random: number())
        _ = machine.step(.unreadable(after: .zero), random: number())
        #expect(made == 1)
        _ = machine.step(failed(broken), random: number())
        _ = machine.step(failed(broken), random: number())
        #expect(made > 1)
    }

    private func text(_ action: Machine.Action) -> String {
        switch action {
        case .list(let token): "list" + (token.map { " \($0)" } ?? "")
        case .version: "version"
        case .watch(let resourceVersion, _): "watch \(resourceVersion)"
        case .wait(let delay): "wait \(delay.components.seconds)"
        case .report(let error): "report \(error.operation.verb)"
        case .emit(.replace(let items, let unreadable)):
            (["replace"] + items.map(\.metadata.name) + unreadable.map { "(\($0))" }).joined(separator: " ")
        case .emit(.upsert(let item)): "upsert \(item.metadata.name)"
        case .emit(.delete(let item)): "delete \(item.metadata.name)"
        }
    }
}

private func item(_ name: String, _ version: String = "1") -> MetadataOnly {
    MetadataOnly(metadata: ObjectMeta(name: name, resourceVersion: version))
}

private func page(
    _ version: String, _ names: [String] = [], bad: [String] = [], next: String? = nil
) -> ListPage<MetadataOnly> {
    ListPage(
        resourceVersion: version, continue: next, items: names.map { item($0) },
        unreadable: bad.map { UnreadableItem(metadata: ObjectMeta(name: $0), reason: "r") })
}

private func failed(_ kind: KubeError.Kind, after lasted: Duration = .zero) -> Machine.Input {
    .failed(KubeError(Operation(.list, resource: "secrets"), kind), lasted: lasted)
}

private func unreadable(after lasted: Duration) -> Machine.Input { .unreadable(after: lasted) }

private func event(_ event: WatchEvent<MetadataOnly>) -> Machine.Input { .event(event, after: .seconds(60)) }

private let broken = KubeError.Kind.transport(.broken(reason: "reset"))

/// A server that was unavailable may return with an older etcd.
private let absences: [(name: String, kind: KubeError.Kind)] = [
    ("no connection", .transport(.connect(reason: "refused"))),
    ("a timeout", .transport(.timeout(reason: "30 s"))),
    ("an untrusted certificate", .transport(.tls(reason: "expired"))),
    ("status 500", .server(status: 500, reason: nil, retryAfter: nil)),
    ("status 503", .server(status: 503, reason: nil, retryAfter: nil)),
    ("status 401", .unauthorized),
    ("a response that cannot be decoded", .decoding("watch event")),
]

private let listsAgain = absences.map { absence in
    Script(
        name: "after \(absence.name) a watch lists again",
        steps: [
            Step(.start, "list"),
            Step(.page(page("5")), "replace, watch 5"),
            Step(failed(absence.kind, after: .seconds(60)), "report list, wait 1"),
            Step(.waited, "list"),
            Step(.page(page("3", ["a"])), "replace a, watch 3"),
        ])
}

private let scripts: [Script] = [
    Script(
        name: "pages, events, bookmark, a normal end, and a watch from the last version",
        steps: [
            Step(.start, "list"),
            Step(.page(page("5", ["a"], next: "t")), "list t"),
            Step(.page(page("5", ["b"])), "replace a b, watch 5"),
            Step(event(.upsert(item("c", "6"))), "upsert c"),
            Step(event(.delete(item("a", "7"))), "delete a"),
            Step(event(.bookmark(resourceVersion: "9")), ""),
            Step(event(.unknown), ""),
            Step(.ended(lasted: .seconds(300)), "watch 9"),
        ]),
    Script(
        name: "an expired token restarts the list at once, but not repeatedly",
        steps: [
            Step(.start, "list"),
            Step(.page(page("5", ["a"], next: "t")), "list t"),
            Step(failed(.expired), "list"),
            Step(.page(page("6", ["a"], next: "u")), "list u"),
            Step(failed(.expired), "report list, wait 2"),
            Step(.waited, "list"),
            Step(.page(page("7", ["a"])), "replace a, watch 7"),
        ]),
    Script(
        name: "410 as the status of the watch lists again",
        steps: [
            Step(.start, "list"),
            Step(.page(page("5")), "replace, watch 5"),
            Step(failed(.expired), "list"),
            Step(.page(page("8", ["a"])), "replace a, watch 8"),
        ]),
    Script(
        name: "410 as an event lists again",
        steps: [
            Step(.start, "list"),
            Step(.page(page("5")), "replace, watch 5"),
            Step(event(.error(Status(code: 410, reason: "Expired"))), "list"),
            Step(.page(page("8")), "replace, watch 8"),
            Step(event(.error(Status(code: 500))), "report watch, wait 1"),
            Step(.waited, "list"),
        ]),
    Script(
        name: "a list continues with the same page after one cut; after any other failure it starts again",
        steps: [
            Step(.start, "list"),
            Step(failed(broken), "report list, wait 1"),
            Step(.waited, "list"),
            Step(failed(.server(status: 500, reason: nil, retryAfter: nil)), "report list, wait 2"),
            Step(.waited, "list"),
            Step(.page(page("5", ["a"], next: "t")), "list t"),
            Step(failed(broken), "report list, wait 4"),
            Step(.waited, "list"),
            Step(.page(page("6", ["a", "b"])), "replace a b, watch 6"),
        ]),
    Script(
        name: "a list continues with the same page after one cut; after a 429 that follows it starts again",
        steps: [
            Step(.start, "list"),
            Step(.page(page("5", ["a"], next: "t")), "list t"),
            Step(failed(broken), "report list, wait 1"),
            Step(.waited, "list t"),
            Step(failed(.tooManyRequests(retryAfter: .seconds(9))), "report list, wait 9"),
            Step(.waited, "list"),
            Step(.page(page("5", ["a", "b"])), "replace a b, watch 5"),
        ]),
    Script(
        name: "a list continues with the same page after one 429",
        steps: [
            Step(.start, "list"),
            Step(.page(page("5", ["a"], next: "t")), "list t"),
            Step(failed(.tooManyRequests(retryAfter: .seconds(9))), "report list, wait 9"),
            Step(.waited, "list t"),
            Step(.page(page("5", ["b"])), "replace a b, watch 5"),
        ]),
    Script(
        name: "a successful list does not reset the delays of a failing watch; a healthy watch does",
        steps: [
            Step(.start, "list"),
            Step(.page(page("5")), "replace, watch 5"),
            Step(failed(broken), "report list, wait 1"),
            Step(.waited, "version"),
            Step(.version("5"), "watch 5"),
            Step(failed(broken), "report list, wait 2"),
            Step(.waited, "list"),
            Step(.page(page("6")), "replace, watch 6"),
            Step(failed(broken), "report list, wait 4"),
            Step(.waited, "list"),
            Step(.page(page("7")), "replace, watch 7"),
            Step(failed(broken, after: .seconds(60)), "report list, wait 1"),
            Step(.waited, "version"),
            Step(.version("8"), "watch 7"),
        ]),
    Script(
        name: "a watch whose stream is cut each minute, as load balancers do, is resumed each time",
        steps: [
            Step(.start, "list"),
            Step(.page(page("5")), "replace, watch 5"),
            Step(failed(broken, after: .seconds(60)), "report list, wait 1"),
            Step(.waited, "version"),
            Step(.version("5"), "watch 5"),
            Step(event(.upsert(item("a", "6"))), "upsert a"),
            Step(failed(broken, after: .seconds(60)), "report list, wait 1"),
            Step(.waited, "version"),
            Step(.version("900"), "watch 6"),
        ]),
    Script(
        name: "a watch that was cut lists again if the server's version is older: etcd was restored",
        steps: [
            Step(.start, "list"),
            Step(.page(page("10")), "replace, watch 10"),
            Step(failed(broken, after: .seconds(60)), "report list, wait 1"),
            Step(.waited, "version"),
            Step(.version("9"), "list"),
            Step(.page(page("9", ["a"])), "replace a, watch 9"),
        ]),
    Script(
        name: "a watch that was cut lists again if the server's version cannot be read",
        steps: [
            Step(.start, "list"),
            Step(.page(page("10")), "replace, watch 10"),
            Step(failed(broken, after: .seconds(60)), "report list, wait 1"),
            Step(.waited, "version"),
            Step(failed(broken), "report list, wait 2"),
            Step(.waited, "list"),
        ]),
    Script(
        name: "a watch is resumed after a 429; after a second one it lists again",
        steps: [
            Step(.start, "list"),
            Step(.page(page("5")), "replace, watch 5"),
            Step(failed(.tooManyRequests(retryAfter: .seconds(3))), "report list, wait 3"),
            Step(.waited, "watch 5"),
            Step(failed(.tooManyRequests(retryAfter: .seconds(3))), "report list, wait 3"),
            Step(.waited, "list"),
        ]),
    Script(
        name: "a watch that is cut and then gets a 429 lists again: the server may have restarted with an older etcd",
        steps: [
            Step(.start, "list"),
            Step(.page(page("5")), "replace, watch 5"),
            Step(failed(broken, after: .seconds(60)), "report list, wait 1"),
            Step(.waited, "version"),
            Step(.version("5"), "watch 5"),
            Step(failed(.tooManyRequests(retryAfter: .seconds(3))), "report list, wait 3"),
            Step(.waited, "list"),
            Step(.page(page("3", ["a"])), "replace a, watch 3"),
        ]),
    Script(
        name: "a watch that the server ended long before its time lists again: etcd may have been restored",
        steps: [
            Step(.start, "list"),
            Step(.page(page("5")), "replace, watch 5"),
            Step(.ended(lasted: .seconds(60)), "list"),
            Step(.page(page("3", ["a"])), "replace a, watch 3"),
            Step(.ended(lasted: .seconds(149)), "watch 3"),
            Step(.ended(lasted: .seconds(140)), "version"),
            Step(.version("4"), "watch 3"),
            Step(.ended(lasted: .seconds(140)), "version"),
            Step(.version("2"), "list"),
            Step(.page(page("4", ["a"])), "replace a, watch 4"),
            Step(.ended(lasted: .seconds(140)), "version"),
            Step(failed(.tooManyRequests(retryAfter: .seconds(3))), "report list, wait 3"),
            Step(.waited, "list"),
        ]),
    Script(
        name: "after an unreadable event, other events are still delivered, and it soon lists again, once",
        steps: [
            Step(.start, "list"),
            Step(.page(page("5")), "replace, watch 5"),
            Step(unreadable(after: .seconds(1)), ""),
            Step(unreadable(after: .seconds(2)), ""),
            Step(.event(.upsert(item("a", "6")), after: .seconds(29)), "upsert a"),
            Step(.event(.upsert(item("b", "7")), after: .seconds(30)), "upsert b, list"),
            Step(.page(page("8", ["a"])), "replace a, watch 8"),
            Step(.event(.upsert(item("b", "9")), after: .seconds(60)), "upsert b"),
            Step(unreadable(after: .seconds(61)), "list"),
            Step(.page(page("9", next: "t")), "list t"),
            Step(failed(broken), "report list, wait 1"),
            Step(.waited, "list t"),
        ]),
    Script(
        name: "a watch that ends after an unreadable event lists again, however it ends",
        steps: [
            Step(.start, "list"),
            Step(.page(page("5")), "replace, watch 5"),
            Step(unreadable(after: .seconds(1)), ""),
            Step(.ended(lasted: .seconds(300)), "list"),
            Step(.page(page("6")), "replace, watch 6"),
            Step(unreadable(after: .seconds(1)), ""),
            Step(failed(broken, after: .seconds(20)), "report list, wait 1"),
            Step(.waited, "list"),
            Step(.page(page("7")), "replace, watch 7"),
            Step(.ended(lasted: .seconds(300)), "watch 7"),
        ]),
    Script(
        name: "unreadable items of any page are reported with the whole list",
        steps: [
            Step(.start, "list"),
            Step(.page(page("5", ["a"], bad: ["x"], next: "t")), "list t"),
            Step(
                .page(page("5", ["b"], bad: ["y"])), "replace a b (x cannot be read: r) (y cannot be read: r), watch 5"),
        ]),
    Script(
        name: "a list that fails slowly does not reset the delays",
        steps: [
            Step(.start, "list"),
            Step(failed(broken, after: .seconds(60)), "report list, wait 1"),
            Step(.waited, "list"),
            Step(failed(broken, after: .seconds(60)), "report list, wait 2"),
        ]),
    Script(
        name: "a watch that ends at once is not repeated in a tight loop",
        steps: [
            Step(.start, "list"),
            Step(.page(page("5")), "replace, watch 5"),
            Step(.ended(lasted: .milliseconds(5)), "wait 1"),
            Step(.waited, "list"),
            Step(.page(page("5")), "replace, watch 5"),
            Step(.ended(lasted: .milliseconds(5)), "wait 2"),
        ]),
    Script(
        name: "the server's own wait is respected",
        steps: [
            Step(.start, "list"),
            Step(failed(.tooManyRequests(retryAfter: .seconds(20))), "report list, wait 20"),
            Step(.waited, "list"),
            Step(failed(.tooManyRequests(retryAfter: nil)), "report list, wait 2"),
        ]),
    Script(
        name:
            "what is forbidden is asked for again, slowly; where lists are allowed and watches are not, lists have to do",
        steps: [
            Step(.start, "list"),
            Step(failed(.forbidden(message: "m")), "report list, wait 30"),
            Step(.waited, "list"),
            Step(.page(page("5")), "replace, watch 5"),
            Step(failed(.forbidden(message: "m")), "report list, wait 30"),
            Step(.waited, "list"),
        ]),
]
